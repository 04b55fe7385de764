/**
 * The middle of several runs, which one disturbed run does not move.
 *
 * @module
 */

/** The median of at least one number. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
