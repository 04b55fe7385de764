/**
 * How much a delay varies, where its size is not known: between two clocks that are
 * apart by an unknown time.
 *
 * @module
 */
import type { DelaySummary } from "../../events/mod.ts";
import { between } from "../../net/clock.ts";
import { Histogram } from "../histogram.ts";
import { RoundTrips } from "../round_trips.ts";

/** Delays that are collected before the smallest of them is looked for. */
const BATCH = 256;

/**
 * Variation of a delay against the smallest one (RFC 3393 in the form of RFC 5481,
 * section 4.2: packet delay variation, PDV), in microseconds. A constant that is
 * added to all delays makes no difference.
 */
export class Variation {
  readonly #batch = new Float64Array(BATCH);
  #filled = 0;
  /** The smallest delay; what is recorded is the rest. */
  #smallest = Infinity;
  readonly #recent: RoundTrips;
  readonly #earlier: RoundTrips;
  /** What was recorded before the clocks moved. */
  readonly #before: RoundTrips;

  private constructor(
    recent: Histogram,
    earlier: Histogram,
    before: Histogram,
  ) {
    this.#recent = new RoundTrips(recent);
    this.#earlier = new RoundTrips(earlier);
    this.#before = new RoundTrips(before);
  }

  /** Creates an empty one. */
  static async create(): Promise<Variation> {
    return new Variation(
      await Histogram.create(),
      await Histogram.create(),
      await Histogram.create(),
    );
  }

  /** The smallest delay since the clocks moved; `Infinity` before the first. */
  get smallest(): number {
    this.#flush();
    return this.#smallest;
  }

  /** Records a delay, which may be negative: the clocks are apart. */
  record(delay: number): void {
    this.#batch[this.#filled++] = delay;
    if (this.#filled === BATCH) this.#flush();
  }

  #flush(): void {
    const batch = this.#batch.subarray(0, this.#filled);
    if (batch.length === 0) return;
    this.#filled = 0;
    let smallest = this.#smallest;
    for (const delay of batch) smallest = Math.min(smallest, delay);
    if (smallest < this.#smallest) {
      this.#recent.shift(this.#smallest - smallest);
      this.#earlier.shift(this.#smallest - smallest);
      this.#smallest = smallest;
    }
    for (const delay of batch) this.#recent.record(between(smallest, delay));
  }

  /** Ends an interval; returns its variation against the smallest delay so far. */
  endInterval(): DelaySummary | undefined {
    this.#flush();
    const summary = this.#recent.percentiles();
    this.#earlier.add(this.#recent);
    this.#recent.reset();
    return summary;
  }

  /** The clocks have moved: what follows is not compared with what was before. */
  interrupt(): void {
    this.endInterval();
    this.#before.add(this.#earlier);
    this.#earlier.reset();
    this.#smallest = Infinity;
  }

  /** All of it; nothing can be recorded after that. */
  all(): RoundTrips {
    this.endInterval();
    this.#before.add(this.#earlier);
    this.#earlier.reset();
    return this.#before;
  }
}
