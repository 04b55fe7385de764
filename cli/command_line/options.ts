/**
 * A role's options as a table, from which both the parser and the help work.
 *
 * @module
 */

/** One option. */
export interface Option<T> {
  /** Its letter: `p` for `-p`. */
  short?: string;
  /** What stands for its value in the help; a flag has none. */
  placeholder?: string;
  /** What it does, in a line or two of help. */
  help: string;
  /** Reads its value. */
  parse: (text: string) => T extends readonly (infer Item)[] ? Item : T;
  /** It may be given more than once, and its values are a list. */
  repeat?: boolean;
  /** Its value may be the empty text. */
  mayBeEmpty?: boolean;
  /** Its default value. */
  fallback: T;
  /** The default as the help shows it. */
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
}

/** An option that is on or off. */
export function flag(help: string, short?: string): Option<boolean> {
  return { help, short, fallback: false, parse: (text) => text === "true" };
}

/** What an option with a value is made of. */
interface ValueOption<T> {
  help: string;
  short?: string;
  placeholder: string;
  mayBeEmpty?: boolean;
  parse: (text: string) => T;
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

/** An option with a value and no default. */
export function optionalValue<T>(
  option: ValueOption<T>,
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
