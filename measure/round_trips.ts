/**
 * Summing up round-trip delays.
 *
 * @module
 */
import type { DelaySummary } from "../net/events.ts";

/** The round-trip delays of a run (RFC 2681), in microseconds. */
export class RoundTrips {
  /** How many were recorded. */
  count = 0;
  #min = Infinity;
  #max = 0;
  #sum = 0;

  /** Takes one delay in. */
  record(delay: number): void {
    this.count++;
    this.#sum += delay;
    this.#min = Math.min(this.#min, delay);
    this.#max = Math.max(this.#max, delay);
  }

  /** Their summary; `undefined` where none was recorded. */
  summary(): DelaySummary | undefined {
    if (this.count === 0) return undefined;
    const mean = Math.round(this.#sum / this.count * 10) / 10;
    return { min: this.#min, mean, max: this.#max };
  }
}
