/**
 * How long an answer has really been waited for.
 *
 * @module
 */
import { now } from "../net/clock.ts";

/** The clock ticks so many times in a time-out, and at least once in so many milliseconds. */
const TICKS = 10;
const LONGEST_TICK = 100;

/** So many stalls are remembered: more than fall into any time-out. */
const MEMORY = 1000;

/**
 * A clock for time-outs. While the client itself stands still (stopped, swapped
 * out, busy) it cannot read what has arrived, so that time is nobody's silence:
 * a tick that comes late by more than a tick counts as two.
 */
export class TimeoutClock {
  readonly #tick: number;
  readonly #ticked: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #last = now();
  /** The times that do not count, in order; only what is still waited for needs them. */
  readonly #stalls: { from: number; to: number }[] = [];

  /**
   * @param timeout The time-out, in milliseconds.
   * @param ticked Is called with each tick: the time to look for what has run out.
   */
  constructor(timeout: number, ticked: () => void) {
    const milliseconds = Math.min(timeout / TICKS, LONGEST_TICK);
    this.#tick = milliseconds * 1000;
    this.#ticked = ticked;
    this.#timer = setInterval(this.#onTick, milliseconds);
  }

  readonly #onTick = (): void => {
    const time = now();
    this.#noteStall(time);
    this.#last = time;
    this.#ticked();
  };

  #noteStall(time: number): void {
    const from = this.#last + 2 * this.#tick;
    if (time <= from) return;
    this.#stalls.push({ from, to: time });
    if (this.#stalls.length > MEMORY) this.#stalls.shift();
  }

  /** Microseconds that have been waited since a moment of {@linkcode now}, stalls left out. */
  waited(since: number): number {
    const time = Math.min(now(), this.#last + 2 * this.#tick);
    let waited = time - since;
    for (let i = this.#stalls.length - 1; i >= 0; i--) {
      const { from, to } = this.#stalls[i];
      if (to <= since) break;
      waited -= to - Math.max(from, since);
    }
    return waited;
  }

  /** Stops ticking. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
