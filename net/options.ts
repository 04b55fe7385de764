/**
 * Checking the values of options: one function for each kind of value.
 *
 * @module
 */
import { EchosounderError } from "./errors.ts";

/** Returns what a value should be; `undefined` where it is valid. */
export type Kind = (value: unknown) => string | undefined;

/** The kinds of some options, and at least of each that is a number. */
export type Kinds<Options> =
  & { [Name in keyof Options]?: Kind }
  & {
    [
      Name in keyof Options as NonNullable<Options[Name]> extends number ? Name
        : never
    ]-?: Kind;
  };

/** The most milliseconds that a timer can wait: just under 25 days. */
const LONGEST_TIME = 2 ** 31 - 1;

/** A whole number in a range. */
export function whole(
  lowest: number,
  highest: number = Number.MAX_SAFE_INTEGER,
): Kind {
  const range = highest === Number.MAX_SAFE_INTEGER ? "" : ` to ${highest}`;
  return (value) =>
    Number.isSafeInteger(value) && isWithin(value, lowest, highest)
      ? undefined
      : `a whole number from ${lowest}${range}`;
}

/** A finite number above 0. */
export const rate: Kind = (value) =>
  Number.isFinite(value) && (value as number) > 0
    ? undefined
    : "a finite number above 0";

/** Milliseconds. */
export const time: Kind = (value) =>
  isWithin(value, 0, LONGEST_TIME)
    ? undefined
    : `a number of milliseconds from 0 to ${LONGEST_TIME}`;

/** The values of another kind, or `Infinity` for no limit. */
export function unlimited(kind: Kind): Kind {
  return (value) => {
    const right = kind(value);
    return right && value !== Infinity ? `${right}, or Infinity` : undefined;
  };
}

/** One of several values. */
export function oneOf(...values: readonly unknown[]): Kind {
  return (value) =>
    values.includes(value) ? undefined : `one of ${values.join(", ")}`;
}

function isWithin(value: unknown, lowest: number, highest: number): boolean {
  return typeof value === "number" && value >= lowest && value <= highest;
}

/**
 * Checks the options that are given.
 *
 * @param options Their values.
 * @param kinds Their kinds.
 * @throws {EchosounderError} `invalid-option` for the first that is wrong.
 */
export function checkOptions<Options extends object>(
  options: Options,
  kinds: Kinds<Options>,
): void {
  for (const [name, kind] of Object.entries<Kind>(kinds)) {
    const value: unknown = options[name as keyof Options];
    const right = value === undefined ? undefined : kind(value);
    if (right === undefined) continue;
    const given = typeof value === "string"
      ? JSON.stringify(value)
      : String(value);
    throw new EchosounderError(
      "invalid-option",
      `${name}: ${given} is not ${right}`,
    );
  }
}
