/**
 * Percentiles of delays, from a High Dynamic Range histogram: 1 us to 60 s at
 * three significant digits, in memory that does not grow with the run.
 *
 * @module
 */
import type { JsHistogram } from "hdr-histogram-js";
import { decodeCounts, type HistogramRange } from "./histogram_encoding.ts";

const LOWEST = 1;
const HIGHEST = 60_000_000;
const SIGNIFICANT_DIGITS = 3 as const;

/** Bits of each count: enough for the longest run. */
const COUNT_BITS = 64;

/**
 * Loaded only by runs that measure: it takes as long to load as all the rest of a
 * client.
 */
function library() {
  return import("hdr-histogram-js");
}

type Library = Awaited<ReturnType<typeof library>>;

/** A delay in microseconds, to a histogram's precision, and its count. */
export type DelayCount = [delay: number, count: number];

/** Delays in microseconds, counted by size. */
export class Histogram {
  readonly #library: Library;
  readonly #counts: JsHistogram;

  private constructor(hdr: Library, digits: 2 | 3) {
    this.#library = hdr;
    this.#counts = hdr.build({
      bitBucketSize: COUNT_BITS,
      lowestDiscernibleValue: LOWEST,
      highestTrackableValue: HIGHEST,
      numberOfSignificantValueDigits: digits,
      useWebAssembly: false,
    }) as JsHistogram;
  }

  /**
   * Creates an empty histogram.
   *
   * @param options Its precision: 2 significant digits need an eighth of the memory.
   */
  static async create(
    { digits = SIGNIFICANT_DIGITS }: { digits?: 2 | 3 } = {},
  ): Promise<Histogram> {
    return new Histogram(await library(), digits);
  }

  /**
   * Decodes a histogram.
   *
   * @throws {TypeError} When the text is no histogram of the same range and precision.
   */
  static async decode(encoded: string): Promise<Histogram> {
    const histogram = await Histogram.create();
    await histogram.addEncoded(encoded);
    return histogram;
  }

  /** Delays recorded. */
  get total(): number {
    return this.#counts.totalCount;
  }

  /** Records one delay; beyond the range, it counts as the range's end. */
  record(delay: number): void {
    this.#counts.recordValue(
      Math.min(Math.max(Math.round(delay), LOWEST), HIGHEST),
    );
  }

  /** The delay that this percentage of all delays does not exceed. */
  percentile(percent: number): number {
    return this.#counts.getValueAtPercentile(percent);
  }

  /** Each recorded delay, to the histogram's precision, and its count, in order. */
  *counts(): Generator<DelayCount> {
    const { recordedValuesIterator } = this.#counts;
    recordedValuesIterator.reset();
    while (recordedValuesIterator.hasNext()) {
      const { valueIteratedTo, countAddedInThisIterationStep } =
        recordedValuesIterator.next();
      yield [valueIteratedTo, countAddedInThisIterationStep];
    }
  }

  /**
   * How many delays do not exceed each of some limits, to the histogram's
   * precision.
   *
   * @param limits Delays in ascending order.
   */
  within(limits: readonly number[]): number[] {
    const counts = this.#counts;
    const last = counts.countsArrayIndex(counts.maxValue);
    const sums: number[] = [];
    let index = 0;
    let sum = 0;
    for (const limit of limits) {
      const end = Math.min(counts.countsArrayIndex(limit), last);
      while (index <= end) sum += counts.getCountAtIndex(index++);
      sums.push(sum);
    }
    return sums;
  }

  /** Adds delays, each with its count. */
  addCounts(counts: readonly DelayCount[]): void {
    for (const [delay, count] of counts) {
      this.#counts.recordValueWithCount(
        Math.min(Math.max(delay, LOWEST), HIGHEST),
        count,
      );
    }
  }

  /** Adds another histogram's counts. */
  add(other: Histogram): void {
    this.#counts.add(other.#counts);
  }

  /**
   * Adds an encoded histogram's counts.
   *
   * @throws {TypeError} When the text is no histogram of the same range and precision.
   */
  async addEncoded(encoded: string): Promise<void> {
    const range: HistogramRange = {
      lowest: LOWEST,
      highest: HIGHEST,
      digits: SIGNIFICANT_DIGITS,
      length: this.#counts.countsArrayLength,
    };
    for (const [index, count] of await decodeCounts(encoded, range)) {
      const delay = this.#counts.valueFromIndex(index);
      this.#counts.recordValueWithCount(delay, count);
    }
  }

  /** Another histogram with the same counts. */
  clone(): Histogram {
    const clone = new Histogram(this.#library, SIGNIFICANT_DIGITS);
    clone.add(this);
    return clone;
  }

  /** Adds the same number of microseconds to every delay. */
  shift(by: number): void {
    const counts = [...this.counts()];
    this.#counts.reset();
    for (const [delay, count] of counts) {
      this.#counts.recordValueWithCount(
        Math.min(Math.max(Math.round(delay + by), LOWEST), HIGHEST),
        count,
      );
    }
  }

  /** Removes all counts. */
  reset(): void {
    this.#counts.reset();
  }

  /** The histogram as text: HdrHistogram's compressed form (V2), in base64. */
  encode(): string {
    return this.#library.encodeIntoCompressedBase64(this.#counts);
  }
}
