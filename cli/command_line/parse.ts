/**
 * Reading a command line by a role's table of options.
 *
 * @module
 */
// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
// @ts-types="./levenshtein_distance.d.ts"
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { EchosounderError } from "../../net/errors.ts";
import type { Option, OptionTable, OptionValues } from "./options.ts";
import { type CommandDefinition, ROLES } from "../roles.ts";
import { UsageError } from "./values.ts";

/** What was said on a command line. */
export interface CommandLine<Table extends OptionTable> {
  /** The values of all options. */
  options: OptionValues<Table>;
  /** The names of the options that were given. */
  given: Set<keyof Table & string>;
  /** The arguments that are no options. */
  positionals: string[];
}

/** What the parser would take for its own list of arguments, which it calls "_". */
const RESERVED = /^--(no-)?_(=|$)|^-(?!-)[^=]*_/;

/**
 * Reads a command line.
 *
 * @throws {UsageError} Saying what is wrong and what would be right.
 */
export function parseCommandLine<Table extends OptionTable>(
  definition: CommandDefinition<Table>,
  args: string[],
): CommandLine<Table> {
  const table: OptionTable = definition.options;
  const names = Object.keys(table);
  const isFlag = (name: string) => table[name].placeholder === undefined;
  const end = args.indexOf("--");
  const reserved = args.slice(0, end === -1 ? args.length : end)
    .find((argument) => RESERVED.test(argument));
  if (reserved !== undefined) {
    throw unknownOption(reserved, definition.role, names);
  }
  const unknown: string[] = [];
  const parsed = parseArgs(expandFlags(args, table), {
    boolean: names.filter(isFlag),
    string: [...names.filter((name) => !isFlag(name)), "_"],
    collect: names.filter((name) => table[name].repeat),
    alias: Object.fromEntries(
      names.flatMap((name) =>
        table[name].short ? [[name, table[name].short]] : []
      ),
    ),
    unknown: (argument, name) => {
      if (name !== undefined) unknown.push(argument);
      return name === undefined;
    },
  });
  const options: Record<string, unknown> = {};
  const given = new Set<keyof Table & string>();
  const showsText = parsed.help === true || parsed.version === true;
  for (const name of names) {
    // Whoever asks for help is not told off.
    const raw = showsText && !isFlag(name) ? undefined : parsed[name];
    const absent = raw === undefined || raw === false ||
      Array.isArray(raw) && raw.length === 0;
    options[name] = absent
      ? table[name].fallback
      : read(name, table[name], raw);
    if (!absent) given.add(name);
  }
  if (!showsText) {
    if (unknown.length > 0) {
      throw unknownOption(unknown[0], definition.role, names);
    }
    if (definition.positionals === "" && parsed._.length > 0) {
      throw new UsageError(
        `unexpected argument "${
          parsed._[0]
        }": ${definition.role} takes options only`,
      );
    }
  }
  return {
    options: options as OptionValues<Table>,
    given,
    positionals: parsed._,
  };
}

/**
 * Writes a flag as `--name=true`: otherwise a positional argument "true" or
 * "false" after it would be taken for its value.
 */
function expandFlags(args: string[], table: OptionTable): string[] {
  const end = args.indexOf("--");
  const flags = Object.entries(table).filter(([, { placeholder }]) =>
    placeholder === undefined
  );
  return args.map((argument, i) => {
    if (end !== -1 && i >= end) return argument;
    for (const [name, { short }] of flags) {
      if (argument === `--${name}` || argument === `-${short}`) {
        // With a value, the first "no-" of a name is not taken for a part of it.
        const prefix = name.startsWith("no-") ? "no-" : "";
        return `--${prefix}${name}=true`;
      }
      if (argument.startsWith(`--${name}=`)) {
        throw new UsageError(`--${name} takes no value`);
      }
    }
    return argument;
  });
}

function read<T>(
  name: string,
  option: Option<T>,
  raw: string | boolean | string[],
): unknown {
  const readOne = (text: string | boolean) => {
    if (text === "") {
      throw new UsageError(
        `--${name} needs a value: --${name} ${option.placeholder}`,
      );
    }
    try {
      return option.parse(String(text));
    } catch (error) {
      if (error instanceof UsageError || error instanceof EchosounderError) {
        throw new UsageError(`--${name}: ${error.message}`);
      }
      throw error;
    }
  };
  if (option.repeat) return (raw as string[]).map(readOne);
  return readOne(Array.isArray(raw) ? raw[raw.length - 1] : raw);
}

function unknownOption(
  argument: string,
  role: string,
  names: string[],
): UsageError {
  const name = argument.replace(/^--?/, "").replace(/=.*$/s, "");
  const others = ROLES.filter((other) =>
    other.role !== role && name in other.options
  )
    .map((other) => other.role);
  if (others.length > 0) {
    return new UsageError(
      `--${name} is an option of ${others.join(" and ")}, not of ${role}`,
    );
  }
  const [nearest] = names
    .map((candidate) => ({
      candidate,
      distance: levenshteinDistance(name, candidate),
    }))
    .sort((a, b) => a.distance - b.distance);
  const close = name.length > 1 &&
    nearest.distance <= Math.max(2, Math.floor(name.length / 3));
  const suggestion = close ? `; did you mean --${nearest.candidate}?` : "";
  return new UsageError(
    `unknown option ${argument.replace(/=.*$/s, "")}${suggestion}`,
  );
}
