/**
 * Summing up round-trip delays.
 *
 * @module
 */
import type { DelaySummary } from "../events/mod.ts";
import { type DelayCount, Histogram } from "./histogram.ts";
import { METRIC_LIST } from "./metrics.ts";

/** How delays are distributed. */
export interface Distribution {
  /** How many do not exceed each of the limits that were asked for. */
  within: number[];
  /** How many there are. */
  count: number;
  /** Their sum, in microseconds. */
  sum: number;
}

/** Round trips as one thread hands them to another: their delays in microseconds. */
export interface RoundTripsState {
  count: number;
  /** `Infinity` of none. */
  min: number;
  max: number;
  sum: number;
  /** Empty without a histogram. */
  delays: DelayCount[];
}

/** The round-trip delays of a run (RFC 2681), in microseconds. */
export class RoundTrips {
  readonly #histogram: Histogram | undefined;
  #count = 0;
  #min = Infinity;
  #max = 0;
  #sum = 0;

  /** @param histogram Records the delays, where percentiles are wanted. */
  constructor(histogram?: Histogram) {
    this.#histogram = histogram;
  }

  /** Records one delay. */
  record(delay: number): void {
    this.#count++;
    this.#sum += delay;
    this.#min = Math.min(this.#min, delay);
    this.#max = Math.max(this.#max, delay);
    this.#histogram?.record(delay);
  }

  /** Adds all delays of another. */
  add(other: RoundTrips): void {
    this.#count += other.#count;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    if (other.#histogram) this.#histogram?.add(other.#histogram);
  }

  /** Adds all delays of another in another thread. */
  addState({ count, min, max, sum, delays }: RoundTripsState): void {
    this.#count += count;
    this.#sum += sum;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
    this.#histogram?.addCounts(delays);
  }

  /** Its delays, for another thread. */
  state(): RoundTripsState {
    return {
      count: this.#count,
      min: this.#min,
      max: this.#max,
      sum: this.#sum,
      delays: this.counts(),
    };
  }

  /** All of its delays and another's. */
  with(other: RoundTrips): RoundTrips {
    const all = new RoundTrips(this.#histogram?.clone());
    all.#count = this.#count;
    all.#sum = this.#sum;
    all.#min = this.#min;
    all.#max = this.#max;
    all.add(other);
    return all;
  }

  /** Adds the same time to each delay; percentiles keep their precision. */
  shift(by: number): void {
    if (this.#count === 0) return;
    this.#min += by;
    this.#max += by;
    this.#sum += by * this.#count;
    this.#histogram?.shift(by);
  }

  /** Removes all delays. */
  reset(): void {
    this.#count = this.#sum = this.#max = 0;
    this.#min = Infinity;
    this.#histogram?.reset();
  }

  /** Each delay and its count, in order; empty without a histogram. */
  counts(): DelayCount[] {
    return [...this.#histogram?.counts() ?? []];
  }

  /** How they are distributed; `undefined` without a histogram. */
  distribution(limits: readonly number[]): Distribution | undefined {
    if (this.#histogram === undefined) return undefined;
    const within = this.#histogram.within(limits);
    return { within, count: this.#count, sum: this.#sum };
  }

  /** Their median; `undefined` where none was recorded, or without a histogram. */
  median(): number | undefined {
    if (this.#count === 0 || this.#histogram === undefined) return undefined;
    return percentileOf(this.#histogram, 50, this.#max);
  }

  /** Their summary without the histogram; `undefined` where none was recorded. */
  percentiles(): DelaySummary | undefined {
    if (this.#count === 0) return undefined;
    return summarize(
      this.#count,
      this.#min,
      this.#sum / this.#count,
      this.#max,
      this.#histogram,
    );
  }

  /** Their summary, with the histogram for merging; `undefined` where none was recorded. */
  summary(): DelaySummary | undefined {
    const percentiles = this.percentiles();
    return percentiles && this.#histogram
      ? { ...percentiles, histogram: this.#histogram.encode() }
      : percentiles;
  }
}

const PERCENTILES = METRIC_LIST.flatMap(({ name, percent }) =>
  percent === undefined || !/^p[\d.]+$/.test(name) ? [] : { name, percent }
);

function summarize(
  count: number,
  min: number,
  mean: number,
  max: number,
  histogram: Histogram | undefined,
): DelaySummary {
  const exact = { count, min, mean: Math.round(mean * 10) / 10, max };
  if (histogram === undefined) return exact;
  const percentiles = PERCENTILES.map(({ name, percent }) => [
    name,
    percentileOf(histogram, percent, max),
  ]);
  return { ...exact, ...Object.fromEntries(percentiles) };
}

/** A histogram's value is the end of a range, which may lie above the largest delay. */
function percentileOf(
  histogram: Histogram,
  percent: number,
  max: number,
): number {
  return Math.min(histogram.percentile(percent), max);
}

/**
 * Merges the delays of several runs. Percentiles come from the added histograms, as
 * they cannot be computed from percentiles.
 *
 * @param parts The runs' summaries, each with its histogram.
 * @returns `undefined` where there are no summaries.
 * @throws {TypeError} When a summary has no histogram, or an invalid one: of
 *   another range, or too large.
 *
 * @example
 * ```ts
 * import { measureTcp, mergeDelays, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const { port } = server.addr;
 * const run = () =>
 *   measureTcp({ hostname: "127.0.0.1", port, payload: { size: 64 }, count: 10 });
 * const runs = [await run(), await run()];
 * const merged = await mergeDelays(runs.map(({ rtt_us }) => rtt_us!));
 * console.log(merged?.count); // 20
 * ```
 */
export async function mergeDelays(
  parts: readonly DelaySummary[],
): Promise<DelaySummary | undefined> {
  if (parts.length === 0) return undefined;
  const histogram = await Histogram.create();
  for (const part of parts) {
    if (part.histogram === undefined) {
      throw new TypeError("a summary without a histogram");
    }
    await histogram.addEncoded(part.histogram);
  }
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  return {
    ...summarize(
      count,
      Math.min(...parts.map(({ min }) => min)),
      parts.reduce((sum, part) => sum + part.mean * part.count, 0) / count,
      Math.max(...parts.map(({ max }) => max)),
      histogram,
    ),
    histogram: histogram.encode(),
  };
}
