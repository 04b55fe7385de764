/**
 * Percentiles of delays, from a High Dynamic Range histogram: 1 us to 60 s at
 * three significant digits, in memory that does not grow with the run.
 *
 * @module
 */
import type { Histogram as HdrHistogram } from "hdr-histogram-js";

const LOWEST = 1;
const HIGHEST = 60_000_000;
const SIGNIFICANT_DIGITS = 3;

/** How many bits the decoded counts have: enough for the longest run. */
const COUNT_BITS = 64;

/**
 * The library takes as long to load as all the rest of a client: only a run that
 * measures waits for it.
 */
function library() {
  return import("hdr-histogram-js");
}

/** Delays in microseconds, counted by size. */
export class Histogram {
  readonly #counts: HdrHistogram;
  readonly #encode: (counts: HdrHistogram) => string;
  readonly #decode: (encoded: string) => HdrHistogram;

  private constructor(hdr: Awaited<ReturnType<typeof library>>) {
    this.#counts = hdr.build({
      bitBucketSize: COUNT_BITS,
      lowestDiscernibleValue: LOWEST,
      highestTrackableValue: HIGHEST,
      numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
      useWebAssembly: false,
    });
    this.#encode = hdr.encodeIntoCompressedBase64;
    this.#decode = (encoded) =>
      hdr.decodeFromCompressedBase64(encoded, COUNT_BITS, false);
  }

  /** Makes an empty one. */
  static async create(): Promise<Histogram> {
    return new Histogram(await library());
  }

  /** Takes one delay in; what is out of range counts as the end of the range. */
  record(delay: number): void {
    this.#counts.recordValue(
      Math.min(Math.max(Math.round(delay), LOWEST), HIGHEST),
    );
  }

  /** The delay that so many percent of all do not exceed. */
  percentile(percent: number): number {
    return this.#counts.getValueAtPercentile(percent);
  }

  /** Takes in what another one recorded. */
  add(encoded: string): void {
    this.#counts.add(this.#decode(encoded));
  }

  /** All of it as text: HdrHistogram's compressed form (V2), in base64. */
  encode(): string {
    return this.#encode(this.#counts);
  }
}
