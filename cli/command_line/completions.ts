/**
 * What makes a shell complete a command line: a script for each shell, from the
 * command's table of options.
 *
 * @module
 */
import type { CommandDefinition, Option } from "./options.ts";

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** A shell. */
export type Shell = typeof SHELLS[number];

/** An option as shells complete it. */
interface Completion {
  name: string;
  short?: string;
  /** `-c`, `--count`. */
  spellings: string[];
  /** What it does, in a line. */
  text: string;
  /** What stands for its value; a flag has none. */
  placeholder?: string;
  /** Words that its value is one of, or begins with. */
  words: readonly string[];
  /** Whether the value goes on after such a word. */
  goesOn: boolean;
  /** Whether its value is a file's name. */
  isFile: boolean;
  repeat: boolean;
}

function completions({ options }: CommandDefinition): Completion[] {
  return Object.entries(options).map(([name, option]: [
    string,
    Option<unknown>,
  ]) => {
    const { short, placeholder, beginnings, repeat = false } = option;
    return {
      name,
      short,
      spellings: [...short === undefined ? [] : [`-${short}`], `--${name}`],
      text: (option.brief ?? option.help).replace(/\.$/, ""),
      placeholder,
      words: beginnings ?? option.parse.words ?? [],
      goesOn: beginnings !== undefined,
      isFile: placeholder === "FILE",
      repeat,
    };
  });
}

/** Whether the command's arguments are hosts. */
function takesHosts({ positionals }: CommandDefinition): boolean {
  return positionals.startsWith("HOST");
}

/** The script that makes a shell complete a command's options and their values. */
export function completionScript(
  shell: Shell,
  definition: CommandDefinition,
): string {
  return SCRIPTS[shell](definition);
}

const SCRIPTS: Record<Shell, (definition: CommandDefinition) => string> = {
  bash,
  zsh,
  fish,
  powershell,
};

/** Quoted as zsh takes it. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bash(definition: CommandDefinition): string {
  const { role } = definition;
  const all = completions(definition);
  const valued = all.filter(({ placeholder }) => placeholder !== undefined);
  const names = (options: Completion[]) =>
    options.flatMap(({ spellings }) => spellings);
  const isCompleted = ({ words, isFile }: Completion) =>
    words.length > 0 || isFile;
  // bash 3 has no compopt, and completes no file there.
  const cases = valued.filter(isCompleted).map((option) => {
    const lines = option.isFile
      ? ["compopt -o default 2>/dev/null"]
      : [`COMPREPLY=($(compgen -W "${option.words.join(" ")}" -- "$word"))`];
    // A choice keeps readline from closing a quote, or adding a space.
    if (option.goesOn) {
      lines.push(
        "if [[ ${#COMPREPLY[@]} == 1 ]]; then",
        '  COMPREPLY=("$COMPREPLY<" "$COMPREPLY>")',
        "fi",
      );
    }
    return `    ${names([option]).join(" | ")})
${lines.map((line) => `      ${line}`).join("\n")}
      return
      ;;`;
  });
  const others = names(valued.filter((option) => !isCompleted(option)));
  const hosts = takesHosts(definition)
    ? `
  COMPREPLY=($(compgen -A hostname -- "$word"))`
    : "";
  const name = `_${role.replaceAll("-", "_")}`;
  return `# bash completes ${role} by this.
${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  # bash takes "--option=value" for three words.
  if [[ $word == "=" ]]; then
    word=
  elif [[ $before == "=" ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  # A quote that is still open belongs to the word.
  word=\${word#[\\"\\']}
  COMPREPLY=()
  case $before in
${cases.join("\n")}
    ${others.join(" | ")})
      return
      ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "${names(all).join(" ")}" -- "$word"))
    return
  fi${hosts}
}
complete -F ${name} ${role}`;
}

function zsh(definition: CommandDefinition): string {
  const { role } = definition;
  const specifications = completions(definition).map((option) => {
    const { spellings, text, placeholder, words, goesOn, isFile, repeat } =
      option;
    const endsAll = ["help", "version", "completions"].includes(option.name);
    const excluded = endsAll ? "(- *)" : `(${spellings.join(" ")})`;
    const before = repeat ? "'*'" : shellQuoted(excluded);
    const names = placeholder === undefined
      ? spellings
      : spellings.map((each) => each.startsWith("--") ? `${each}=` : each);
    const escaped = text.replaceAll(/[[\]:\\]/g, "\\$&");
    const action = isFile
      ? "_files"
      : goesOn
      ? `{compadd -S "" -- ${words.join(" ")}}`
      : words.length > 0
      ? `(${words.join(" ")})`
      : " ";
    const value = placeholder === undefined ? "" : `:${placeholder}:${action}`;
    const list = names.length > 1 ? `{${names.join(",")}}` : names[0];
    return `${before}${list}${shellQuoted(`[${escaped}]${value}`)}`;
  });
  if (takesHosts(definition)) specifications.push("'*:HOST:_hosts'");
  const name = `_${role}`;
  // In a folder of $fpath, as a file of the function's name, it is that function's
  // body at first; read by "source", it says what to call.
  return `#compdef ${role}
# zsh completes ${role} by this.
${name}() {
  _arguments -s -S \\
${specifications.map((each) => `    ${each}`).join(" \\\n")}
}
if [[ $funcstack[1] == ${name} ]]; then
  ${name} "$@"
else
  compdef ${name} ${role}
fi`;
}

function fish(definition: CommandDefinition): string {
  const { role } = definition;
  const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
  const lines = completions(definition).map((option) => {
    const { short, name, text, placeholder, words, isFile } = option;
    return [
      `complete -c ${role}`,
      ...short === undefined ? [] : [`-s ${short}`],
      `-l ${name}`,
      ...placeholder === undefined ? [] : [isFile ? "-r -F" : "-x"],
      ...words.length > 0 ? [`-a ${quoted(words.join(" "))}`] : [],
      `-d ${quoted(text)}`,
    ].join(" ");
  });
  return [
    `# fish completes ${role} by this.`,
    `complete -c ${role} -f`,
    ...takesHosts(definition)
      ? [`complete -c ${role} -a '(__fish_print_hostnames)'`]
      : [],
    ...lines,
  ].join("\n");
}

function powershell(definition: CommandDefinition): string {
  const { role } = definition;
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const all = completions(definition);
  const rows = all.flatMap(({ spellings, text, placeholder, words }) =>
    spellings.map((spelling) => {
      const values = placeholder === undefined
        ? "$null"
        : `@(${words.map(quoted).join(", ")})`;
      return `    @{ Name = ${quoted(spelling)}; Text = ${
        quoted(text)
      }; Values = ${values} }`;
    })
  );
  // Where it returns nothing, PowerShell offers files.
  return `# PowerShell completes ${role} by this.
Register-ArgumentCompleter -Native -CommandName ${quoted(role)}, ${
    quoted(`${role}.exe`)
  } -ScriptBlock {
  param($word, $line, $cursor)
  $options = @(
${rows.join("\n")}
  )
  $before = @($line.CommandElements |
    Where-Object { $_.Extent.EndOffset -lt $cursor } |
    ForEach-Object { $_.Extent.Text })[-1]
  $option = $options | Where-Object { $_.Name -ceq $before } | Select-Object -First 1
  if ($null -ne $option -and $null -ne $option.Values) {
    $option.Values | Where-Object { $_.StartsWith($word.Trim('"', "'")) } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
    return
  }
  $options | Where-Object { $_.Name.StartsWith($word) } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_.Name, $_.Name, 'ParameterName', $_.Text)
  }
}`;
}
