/**
 * The texts of `-h`, `--help` and `--version`.
 *
 * @module
 */
import configuration from "../../deno.json" with { type: "json" };
import { type CommandDefinition, GROUPS, type Option } from "./options.ts";
import type { Role } from "../roles.ts";
import { RUNTIME } from "../runtime.ts";

/**
 * `tcp-server 0.1.0 (deno 2.9.5, x86_64-unknown-linux-gnu)`; of an executable,
 * followed by how it was made.
 */
export function versionText(role: Role): string {
  const made = RUNTIME === "source" ? "" : `, ${RUNTIME}`;
  return `${role} ${configuration.version} ` +
    `(deno ${Deno.version.deno}, ${Deno.build.target}${made})`;
}

/** How a command is called from where it was started, so that examples work as pasted. */
export function invocation(command: string): string {
  if (RUNTIME === "source") return `deno task ${command}`;
  if (RUNTIME === "package") return command;
  return Deno.build.os === "windows" ? `.\\${command}.exe` : `./${command}`;
}

/** Terminals are at least this wide. */
const WIDTH = 80;

/** Breaks a text into lines of a width, between words. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) {
      lines[lines.length - 1] += ` ${word}`;
    } else lines.push(word);
  }
  return lines;
}

type Row = [left: string, right: string];

function widthOf(rows: Row[]): number {
  return Math.max(...rows.map(([left]) => left.length));
}

/** Two columns, the left one of a width; the right one is wrapped. */
function columns(rows: Row[], width = widthOf(rows)): string {
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width - 4).map((line, i) =>
      `  ${(i === 0 ? left : "").padEnd(width)}  ${line}`
    )
  ).join("\n");
}

type Options = CommandDefinition["options"];

function optionRow(
  name: string,
  option: Option<unknown>,
  text = option.help,
): Row {
  const letter = option.short === undefined ? "    " : `-${option.short}, `;
  const placeholder = option.placeholder === undefined
    ? ""
    : ` ${option.placeholder}`;
  const fallback = option.fallbackText === undefined
    ? ""
    : ` [${option.fallbackText}]`;
  return [`${letter}--${name}${placeholder}`, text + fallback];
}

/** A table's options by their groups, in order; those without one are "Options". */
export function optionsByGroup(
  options: Options,
): [title: string, options: [string, Option<unknown>][]][] {
  const groups = Map.groupBy(
    Object.entries(options),
    ([, { group }]) => group,
  );
  return [undefined, ...GROUPS].flatMap((group) => {
    const members = groups.get(group);
    return members === undefined ? [] : [[group ?? "Options", members]];
  });
}

/** How to write what stands for values, where any option or argument has it. */
export function notationText(definition: CommandDefinition): string[] {
  const { positionals, options } = definition;
  const placeholders = new Set(
    Object.values(options).map(({ placeholder }) => placeholder),
  );
  const units = [
    ["TIME", "250us, 20ms, 5s, 2m or 1h"],
    ["SIZE", "64, 4KiB or 1MB"],
    ["RATE", "50Mbit/s or 6MB/s"],
  ].filter(([name]) => placeholders.has(name));
  return [
    ...positionals.startsWith("HOST")
      ? [
        "HOST is a name, an IPv4 address, or an IPv6 address, in brackets where a port follows.",
      ]
      : [],
    ...units.length > 0
      ? [`${units.map((unit) => unit.join(" is ")).join("; ")}.`]
      : [],
  ];
}

function exampleText(definition: CommandDefinition): string {
  const program = invocation(definition.role);
  return definition.examples.map(([args, meaning]) =>
    `  ${program} ${args}`.trimEnd() + `\n      ${meaning}`
  ).join("\n");
}

function usageText({ role, purpose, positionals }: CommandDefinition): string {
  return `${role} ${purpose}\n\n` +
    `Usage: ${invocation(role)} [options] ${positionals}`.trimEnd();
}

/** What `--help` shows: everything. */
export function helpText(definition: CommandDefinition): string {
  const { options, exitCodes, metrics } = definition;
  const groups = optionsByGroup(options).map(([title, members]) => ({
    title,
    rows: members.map(([name, option]) => optionRow(name, option)),
  }));
  const width = widthOf(groups.flatMap(({ rows }) => rows));
  const notation = notationText(definition).flatMap((text) =>
    wrap(text, WIDTH)
  );
  const exitCodeRows = exitCodes.map(([code, meaning]): Row => [
    String(code).padStart(3),
    meaning,
  ]);
  return [
    usageText(definition),
    ...groups.map(({ title, rows }) => `${title}:\n${columns(rows, width)}`),
    ...notation.length > 0 ? [notation.join("\n")] : [],
    ...metrics
      ? [`Metrics of --expect, and their limits:\n${columns(metrics)}`]
      : [],
    `Examples:\n${exampleText(definition)}`,
    `Exit codes:\n${columns(exitCodeRows)}`,
  ].join("\n\n");
}

/** What `-h` shows: what is needed most, on one screen of 24 lines. */
export function shortHelpText(definition: CommandDefinition): string {
  const { options, examples } = definition;
  const members = optionsByGroup(options).flatMap(([, members]) => members)
    .filter(([, { brief }]) => brief !== undefined);
  const rows = members.map(([name, option]) =>
    optionRow(name, option, option.brief)
  );
  // A default that takes more than the rest of the line is left to --help.
  const room = WIDTH - widthOf(rows) - 4;
  const shortRows = rows.map(([left, right], i): Row => [
    left,
    right.length <= room ? right : members[i][1].brief!,
  ]);
  return [
    usageText(definition),
    columns(shortRows),
    `Examples:\n${
      exampleText({ ...definition, examples: [examples[0], examples.at(-1)!] })
    }`,
    `All ${Object.keys(options).length} options, and exit codes: --help`,
  ].join("\n\n");
}
