/**
 * The part of `parseArgs` that is used here: its package carries no types.
 *
 * @module
 */

/** How arguments are read. */
export interface ParseOptions {
  /** Flags without a value. */
  boolean: string[];
  /** Options with a value; `_` keeps positional arguments text. */
  string: string[];
  /** Options that may be given more than once. */
  collect: string[];
  /** Letters by the option's name. */
  alias: Record<string, string>;
  /** Called for each argument that no list names; `false` leaves it out. */
  unknown: (argument: string, name?: string) => boolean;
}

/** Arguments by the option's name; `_` holds the positional ones. */
export interface ParsedArguments {
  [name: string]: string | boolean | string[] | undefined;
  _: string[];
}

/** Reads command-line arguments. */
export function parseArgs(
  args: string[],
  options: ParseOptions,
): ParsedArguments;
