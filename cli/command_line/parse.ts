/**
 * Parsing a command line by a role's table of options.
 *
 * @module
 */
// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
// @ts-types="./levenshtein_distance.d.ts"
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { EchosounderError } from "../../net/errors.ts";
import type {
  CommandDefinition,
  Option,
  OptionTable,
  OptionValues,
} from "./options.ts";
import { answerToHabit, answerToValue } from "./other_tools.ts";
import { UsageError } from "./values.ts";

/** A command line, parsed. */
export interface CommandLine<Table extends OptionTable> {
  /** The values of all options; the default of one that could not be read. */
  options: OptionValues<Table>;
  /** The names of the options that were given. */
  given: Set<keyof Table & string>;
  /** The arguments that are no options. */
  positionals: string[];
  /** Those of them that come after `--`; absent where there is none. */
  afterDashes?: string[];
  /** Whether the help was asked for as `-h`, which is the short one. */
  wantsShortHelp: boolean;
  /** What is wrong, and what would be right; absent where nothing is. */
  problem?: UsageError;
}

/** What the parser would take for its own list of arguments, which it calls "_". */
const RESERVED = /^--(no-)?_(=|$)|^-(?!-)[^=]*_/;

/**
 * Parses a command line. Where the line is wrong, it still returns what it could
 * read: how the error is printed depends on that (`--json`).
 *
 * @param others Commands whose options may have been meant.
 */
export function parseCommandLine<Table extends OptionTable>(
  definition: CommandDefinition<Table>,
  args: string[],
  others: readonly CommandDefinition[] = [],
): CommandLine<Table> {
  const table: OptionTable = definition.options;
  const names = Object.keys(table);
  const isFlag = (name: string) => table[name].placeholder === undefined;
  const spelled = spellOut(args, table);
  const { unknown, problems, empty } = spelled;
  const parsed = parseArgs(spelled.args, {
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
  if (unknown.length > 0) {
    problems.push(unknownOption(unknown[0], definition, others));
  }
  const options: Record<string, unknown> = {};
  const given = new Set<keyof Table & string>();
  const showsText = parsed.help === true || parsed.version === true;
  for (const name of names) {
    const option = table[name];
    options[name] = option.fallback;
    // Help is shown whatever else is wrong.
    const raw = showsText && !isFlag(name) ? undefined : parsed[name];
    const isAbsent = raw === undefined || raw === false ||
      Array.isArray(raw) && raw.length === 0;
    if (isAbsent) continue;
    given.add(name);
    try {
      options[name] = read(name, option, raw, empty.has(name));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const answer = answerToValue(name, String(raw), definition.role);
      problems.push(
        answer === undefined
          ? error
          : new UsageError(`${error.message}; ${answer}`),
      );
    }
  }
  if (definition.positionals === "" && parsed._.length > 0) {
    problems.push(
      new UsageError(
        `unexpected argument "${
          parsed._[0]
        }": ${definition.role} takes options only`,
      ),
    );
  }
  return {
    options: options as OptionValues<Table>,
    given,
    positionals: parsed._,
    afterDashes: args.includes("--")
      ? args.slice(args.indexOf("--") + 1)
      : undefined,
    wantsShortHelp: parsed.help === true && !spelled.hasLongHelp,
    problem: showsText ? undefined : problems[0],
  };
}

/** Arguments that leave the parser nothing to guess. */
interface SpelledOut {
  args: string[];
  /** Arguments that the table does not have. */
  unknown: string[];
  /** What is wrong with the others. */
  problems: UsageError[];
  /** Options that were given an empty text, and not no value at all. */
  empty: Set<string>;
  /** Whether `--help` was among them, and not only its letter. */
  hasLongHelp: boolean;
}

/**
 * Writes `--flag` as `--flag=true`, or else a positional "true" or "false" after
 * it would be taken for its value, and `--option value` as `--option=value`, or
 * else one that is empty would be taken for a positional. A value that begins
 * with "-" needs its "=".
 */
function spellOut(args: string[], table: OptionTable): SpelledOut {
  const spelled: string[] = [];
  const unknown: string[] = [];
  const problems: UsageError[] = [];
  const empty = new Set<string>();
  const byWord = new Map<string, string>();
  for (const [name, { short }] of Object.entries(table)) {
    byWord.set(`--${name}`, name);
    if (short !== undefined) byWord.set(`-${short}`, name);
  }
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  for (let i = 0; i < end; i++) {
    const argument = args[i];
    if (RESERVED.test(argument)) {
      unknown.push(argument);
      continue;
    }
    const [, word, joined] = /^(--?[^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const name = byWord.get(word);
    if (name === undefined) {
      spelled.push(argument);
      continue;
    }
    let value = joined;
    if (table[name].placeholder === undefined) {
      if (value !== undefined) {
        problems.push(new UsageError(`--${name} takes no value`));
        continue;
      }
      value = "true";
    } else if (value === undefined && i + 1 < end) {
      // "-" alone stands for standard input.
      const next = args[i + 1];
      if (next === "-" || !next.startsWith("-")) value = args[++i];
    }
    if (value === undefined) {
      problems.push(needsValue(name, table[name]));
      continue;
    }
    if (value === "") empty.add(name);
    // With a value, the first "no-" of a name is not taken for a part of it.
    const prefix = name.startsWith("no-") ? "no-" : "";
    spelled.push(`--${prefix}${name}=${value}`);
  }
  return {
    args: [...spelled, ...args.slice(end)],
    unknown,
    problems,
    empty,
    hasLongHelp: args.slice(0, end).includes("--help"),
  };
}

/**
 * Reads an option's value.
 *
 * @throws {UsageError} Saying what is wrong and what would be right.
 */
function read<T>(
  name: string,
  option: Option<T>,
  raw: string | boolean | string[],
  isEmpty: boolean,
): unknown {
  const readOne = (text: string | boolean) => {
    if (text === "" && !(option.mayBeEmpty && isEmpty)) {
      throw needsValue(name, option);
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

function needsValue<T>(name: string, option: Option<T>): UsageError {
  const { placeholder, mayBeEmpty } = option;
  const joined = mayBeEmpty
    ? `, or --${name}=${placeholder} where it begins with "-"`
    : "";
  return new UsageError(
    `--${name} needs a value: --${name} ${placeholder}${joined}`,
  );
}

function unknownOption(
  argument: string,
  { role, options }: CommandDefinition,
  others: readonly CommandDefinition[],
): UsageError {
  const names = Object.keys(options);
  const spelling = argument.replace(/=.*$/s, "");
  const name = spelling.replace(/^--?/, "");
  const ownersOf = (has: (table: OptionTable) => boolean) =>
    others.filter(({ options }) => has(options)).map((other) => other.role)
      .join(" and ");
  const owners = names.includes(name)
    ? ""
    : ownersOf((table) => Object.hasOwn(table, name));
  if (owners !== "") {
    return new UsageError(
      `--${name} is an option of ${owners}, not of ${role}`,
    );
  }
  // Only the programs, which stand beside others, are like tools elsewhere.
  const answer = others.length > 0
    ? answerToHabit(argument, role, options)
    : undefined;
  if (answer !== undefined) {
    return new UsageError(`unknown option ${spelling}; ${answer}`);
  }
  const ofLetter = ownersOf((table) =>
    Object.values(table).some(({ short }) => `-${short}` === spelling)
  );
  if (ofLetter !== "") {
    return new UsageError(
      `${spelling} is an option of ${ofLetter}, not of ${role}`,
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
  return new UsageError(`unknown option ${spelling}${suggestion}`);
}
