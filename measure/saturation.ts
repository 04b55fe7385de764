/**
 * Telling when a path is full, and when its delay has settled: by moving averages,
 * as draft-ietf-ippm-responsiveness does, and not after a fixed time.
 *
 * @module
 */

/** Intervals over which is averaged, and averages that are compared (the draft's MAD). */
export const AVERAGE_DISTANCE = 4;

/** How far averages may scatter and still be the same, of the latest one (the draft's SDT). */
export const TOLERANCE = 0.05;

/** The share of the shortest delays that counts (the draft's TMP). */
const KEPT_SHARE = 0.95;

/** The moving average of a figure that is measured once in each interval. */
export class MovingAverage {
  readonly #recent: number[] = [];
  readonly #averages: number[] = [];

  /** Takes the figure of the next interval. */
  add(figure: number): void {
    keep(this.#recent, figure);
    keep(this.#averages, meanOf(this.#recent));
  }

  /**
   * Whether the latest averages are the same: their standard deviation is within
   * the tolerance of the last one. It takes as many intervals as are averaged.
   */
  get isStable(): boolean {
    if (this.#averages.length < AVERAGE_DISTANCE) return false;
    const latest = this.#averages.at(-1)!;
    const mean = meanOf(this.#averages);
    const variance = meanOf(this.#averages.map((each) => (each - mean) ** 2));
    return latest > 0 && Math.sqrt(variance) <= TOLERANCE * latest;
  }
}

function keep(numbers: number[], latest: number): void {
  numbers.push(latest);
  if (numbers.length > AVERAGE_DISTANCE) numbers.shift();
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/**
 * How many round trips fit into a minute, by the mean of delays in microseconds
 * without the longest twentieth of them; `undefined` without delays.
 */
export function roundTripsPerMinute(
  delays: readonly number[],
): number | undefined {
  if (delays.length === 0) return undefined;
  const kept = Math.max(Math.floor(delays.length * KEPT_SHARE), 1);
  const mean = meanOf(delays.toSorted((a, b) => a - b).slice(0, kept));
  return Math.round(60e6 / Math.max(mean, 1));
}
