/**
 * Points of a line that have no neighbour to draw a stroke to.
 *
 * @module
 */

/**
 * The places of values that have a gap, or the line's end, on both sides.
 * `null` is a gap; `undefined` is where only other lines have a point.
 */
export function lonePoints(
  values: ArrayLike<number | null | undefined>,
): number[] {
  const own = Array.from(values, (value, place) => ({ value, place }))
    .filter(({ value }) => value !== undefined);
  const isGap = (i: number) => (own[i]?.value ?? null) === null;
  return own.flatMap(({ place }, i) =>
    !isGap(i) && isGap(i - 1) && isGap(i + 1) ? place : []
  );
}
