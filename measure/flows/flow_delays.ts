/**
 * The delays of each flow, in a few kilobytes a flow: counted to 3 % from 1 us to
 * 67 s.
 *
 * @module
 */

/** A power of two is divided into this many equal parts, 2 to this. */
const PART_BITS = 5;
const PARTS = 1 << PART_BITS;

/** The first power of two, in microseconds, that is beyond the range. */
const POWERS = 26;
const HIGHEST = 2 ** POWERS - 1;

/** The number of counts. */
const LENGTH = PARTS * (POWERS - PART_BITS + 1);

/** Delays counted by size. */
export type DelayCounts = Float64Array;

/** No delays yet. */
export function noDelays(): DelayCounts {
  return new Float64Array(LENGTH);
}

/** Counts a delay in microseconds; beyond the range, it counts as the range's end. */
export function countDelay(counts: DelayCounts, delay: number): void {
  const whole = Math.min(Math.max(Math.round(delay), 0), HIGHEST);
  // 31 - clz32 is the power of two.
  const shift = Math.max(31 - Math.clz32(whole | 1) - PART_BITS, 0);
  counts[shift * PARTS + (whole >> shift)]++;
}

/** The middle of the delays that count in one place, in microseconds. */
function delayAt(place: number): number {
  const shift = Math.max((place >> PART_BITS) - 1, 0);
  const lowest = (place - shift * PARTS) * 2 ** shift;
  return lowest + (2 ** shift - 1) / 2;
}

/** The place of the delay that a percentage of all does not exceed; -1 of none. */
export function placeOf(
  counts: DelayCounts,
  percent: number,
  total: number,
): number {
  // A product such as 0.99 * 100 may come out above the whole number that it is.
  const rank = Math.max(Math.ceil(percent / 100 * total - 1e-9), 1);
  let reached = 0;
  for (let place = 0; place < counts.length; place++) {
    reached += counts[place];
    if (reached >= rank) return place;
  }
  return -1;
}

/** The delay that a percentage of all does not exceed, to 3 %; `undefined` of none. */
export function percentile(
  counts: DelayCounts,
  percent: number,
  total: number,
): number | undefined {
  const place = placeOf(counts, percent, total);
  return place < 0 ? undefined : delayAt(place);
}

/** How many delays are beyond a place. */
export function countBeyond(counts: DelayCounts, place: number): number {
  let sum = 0;
  for (let i = place + 1; i < counts.length; i++) sum += counts[i];
  return sum;
}
