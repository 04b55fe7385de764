/**
 * Options that leave no room for each other, or mean nothing without another.
 *
 * @module
 */
import { UsageError } from "./values.ts";

/**
 * Refuses two options, or arguments, that exclude each other.
 *
 * @param why What each is for, so that one can choose.
 * @throws {UsageError} Always.
 */
export function exclude(one: string, other: string, why: string): never {
  throw new UsageError(`${one} and ${other} exclude each other: ${why}`);
}

/**
 * Refuses the first option that is given, of those that mean something only with
 * another.
 *
 * @param other The other, which is not given.
 * @throws {UsageError} Where one is given.
 */
export function checkNoneNeeds<Name extends string>(
  other: string,
  names: readonly Name[],
  isGiven: (name: Name) => boolean,
): void {
  const stray = names.find(isGiven);
  if (stray !== undefined) throw new UsageError(`--${stray} needs ${other}`);
}
