/**
 * The texts of `--help` and `--version`.
 *
 * @module
 */
import configuration from "../../deno.json" with { type: "json" };
import type { CommandDefinition, Option } from "./options.ts";
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

/** Two columns; the right one is wrapped. */
function columns(rows: [string, string][]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width - 4).map((line, i) =>
      `  ${(i === 0 ? left : "").padEnd(width)}  ${line}`
    )
  ).join("\n");
}

function optionRow(name: string, option: Option<unknown>): [string, string] {
  const letter = option.short === undefined ? "    " : `-${option.short}, `;
  const placeholder = option.placeholder === undefined
    ? ""
    : ` ${option.placeholder}`;
  const fallback = option.fallbackText === undefined
    ? ""
    : ` [${option.fallbackText}]`;
  return [`${letter}--${name}${placeholder}`, option.help + fallback];
}

/** How to write values that have units, where any option takes one. */
function unitsText(options: CommandDefinition["options"]): string {
  const placeholders = Object.values(options).map(({ placeholder }) =>
    placeholder
  );
  const units = [
    ["TIME", "250us, 20ms, 5s, 2m or 1h"],
    ["SIZE", "64, 4KiB or 1MB"],
  ].filter(([name]) => placeholders.includes(name));
  if (units.length === 0) return "";
  return `\n${units.map((unit) => unit.join(" is ")).join("; ")}.\n`;
}

/** What `--help` shows. */
export function helpText(definition: CommandDefinition): string {
  const { role, purpose, positionals, options, examples, exitCodes } =
    definition;
  const program = invocation(role);
  const optionRows = Object.entries(options).map(([name, option]) =>
    optionRow(name, option)
  );
  const exampleLines = examples.map(([args, meaning]) =>
    `  ${program} ${args}`.trimEnd() + `\n      ${meaning}`
  );
  const exitCodeRows = exitCodes.map(([code, meaning]): [string, string] => [
    String(code).padStart(3),
    meaning,
  ]);
  return `${role} ${purpose}

Usage: ${program} [options] ${positionals}`.trimEnd() + `

Options:
${columns(optionRows)}
${unitsText(options)}
Examples:
${exampleLines.join("\n")}

Exit codes:
${columns(exitCodeRows)}`;
}
