/**
 * A role's options as a table, from which the parser, the help, the completions
 * and the man page work.
 *
 * A new option is one entry, in the group to which it belongs:
 *
 *     ...grouped("Network", {
 *       "bind": optionalValue({
 *         placeholder: "ADDR",
 *         parse: hostname,
 *         help: "The address to send from.",
 *       }),
 *     }),
 *
 * @module
 */

/** The groups of options, in the order in which they are shown. */
export const GROUPS = [
  "What to send",
  "What to serve",
  "How to measure",
  "Under load",
  "When to start",
  "When to stop",
  "What must hold",
  "Whom to serve",
  "Network",
  "Output",
  "About",
] as const;

/** A group of options. */
export type Group = typeof GROUPS[number];

/** Reads the text of a value. */
export interface Reader<T> {
  (text: string): T;
  /** All texts that it takes, where they can be listed. */
  words?: readonly string[];
}

/** One option. */
export interface Option<T> {
  /** Its letter: `p` for `-p`. */
  short?: string;
  /** What stands for its value in the help; a flag has none. */
  placeholder?: string;
  /** What it does, in a line or two of help. */
  help: string;
  /** The same in half a line, for the short help, which has only options with it. */
  brief?: string;
  /** To which group it belongs. */
  group?: Group;
  /** Words with which its value may begin, where it takes others, too. */
  beginnings?: readonly string[];
  /** Reads its value. */
  parse: Reader<T extends readonly (infer Item)[] ? Item : T>;
  /** It may be given more than once, and its values are a list. */
  repeat?: boolean;
  /** Its value may be the empty text. */
  mayBeEmpty?: boolean;
  /** Its default value. */
  fallback: T;
  /** What holds without it, as the help shows it. */
  fallbackText?: string;
}

/** Options by name, in the order of the help. */
// deno-lint-ignore no-explicit-any -- a table holds options of any type
export type OptionTable = Record<string, Option<any>>;

/** The values of a table's options. */
export type OptionValues<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/** A command's options and the texts of its help. */
export interface CommandDefinition<Table extends OptionTable = OptionTable> {
  /** The command's name. */
  role: string;
  /** What it does, in a line. */
  purpose: string;
  /** What follows the options on its command line. */
  positionals: string;
  /** Its options. */
  options: Table;
  /** Arguments that work as pasted, and what they do. */
  examples: [args: string, meaning: string][];
  /** What its exit codes mean. */
  exitCodes: [code: number, meaning: string][];
  /** The metrics of `--expect`, and how a limit of each is written. */
  metrics?: [limits: string, metrics: string][];
}

/** Puts options into a group. */
export function grouped<Table extends OptionTable>(
  group: Group,
  table: Table,
): Table {
  const entries = Object.entries(table).map(([name, option]) => [
    name,
    { ...option, group },
  ]);
  return Object.fromEntries(entries) as Table;
}

/** An option that is on or off. */
export function flag(
  help: string,
  short?: string,
  brief?: string,
): Option<boolean> {
  const parse = (text: string) => text === "true";
  return { help, short, brief, fallback: false, parse };
}

/** What an option with a value is made of. */
interface ValueOption<T> {
  help: string;
  brief?: string;
  short?: string;
  /** `FILE` for a file's name, which shells complete. */
  placeholder: string;
  mayBeEmpty?: boolean;
  beginnings?: readonly string[];
  parse: Reader<T>;
}

/**
 * An option with a value and a default, written as on the command line.
 */
export function value<T>(
  option: ValueOption<T> & { fallback: string },
): Option<T> {
  const { fallback, parse } = option;
  return {
    ...option,
    parse: parse as Option<T>["parse"],
    fallback: parse(fallback),
    fallbackText: fallback,
  };
}

/** An option with a value and no default; `fallbackText` says what holds without it. */
export function optionalValue<T>(
  option: ValueOption<T> & { fallbackText?: string },
): Option<T | undefined> {
  return {
    ...option,
    parse: option.parse as Option<T | undefined>["parse"],
    fallback: undefined,
  };
}

/** An option that may be given more than once. */
export function list<T>(option: ValueOption<T>): Option<T[]> {
  return {
    ...option,
    parse: option.parse as Option<T[]>["parse"],
    repeat: true,
    fallback: [],
  };
}
