/**
 * Timeouts that do not count the time in which the client stood still.
 *
 * @module
 */
import { now } from "../net/clock.ts";

/** Ticks in a timeout, and the longest tick in milliseconds. */
const TICKS = 10;
const LONGEST_TICK = 100;

/** The most stalls kept: more than fall into any timeout. */
const MEMORY = 1000;

/**
 * A clock for timeouts. While the client itself stands still (stopped, swapped
 * out, busy) it cannot read what has arrived, so that time does not count: a tick
 * that comes late by more than a tick counts as two.
 */
export class TimeoutClock {
  readonly #tick: number;
  readonly #ticked: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #last = now();
  /** The times that do not count, in order. */
  readonly #stalls: { from: number; to: number }[] = [];

  /**
   * @param timeout The timeout, in milliseconds.
   * @param ticked Called on each tick, to look for what has expired.
   */
  constructor(timeout: number, ticked: () => void) {
    const milliseconds = Math.min(timeout / TICKS, LONGEST_TICK);
    this.#tick = milliseconds * 1000;
    this.#ticked = ticked;
    this.#timer = setInterval(this.#onTick, milliseconds);
  }

  readonly #onTick = (): void => {
    const time = now();
    this.#recordStall(time);
    this.#last = time;
    this.#ticked();
  };

  #recordStall(time: number): void {
    const from = this.#last + 2 * this.#tick;
    if (time <= from) return;
    this.#stalls.push({ from, to: time });
    if (this.#stalls.length > MEMORY) this.#stalls.shift();
  }

  /** Microseconds since a time of {@linkcode now}, without stalls. */
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
