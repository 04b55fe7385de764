/**
 * Variation of a delay from one message to the next.
 *
 * @module
 */

/** How much of the difference a new delay takes over. */
const GAIN = 1 / 16;

/** Interarrival jitter (RFC 3550, section 6.4.1). */
export class Jitter {
  /** Its value, in the unit of the delays; `undefined` below two of them. */
  value: number | undefined;
  #previous: number | undefined;

  /** Records the delay of the next message; a constant offset makes no difference. */
  record(delay: number): void {
    if (this.#previous !== undefined) {
      const variation = Math.abs(delay - this.#previous);
      const value = this.value ?? 0;
      this.value = value + (variation - value) * GAIN;
    }
    this.#previous = delay;
  }

  /** Forgets the last delay, where the next one cannot be compared with it. */
  interrupt(): void {
    this.#previous = undefined;
  }
}

/** The mean jitter of several flows, to a tenth; `undefined` where none has one. */
export function meanJitter(jitters: readonly number[]): number | undefined {
  if (jitters.length === 0) return undefined;
  const sum = jitters.reduce((total, each) => total + each);
  return Math.round(10 * sum / jitters.length) / 10;
}
