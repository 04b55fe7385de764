/**
 * Giving up on a peer that does not answer.
 *
 * @module
 */
import { now } from "../net/clock.ts";
import { TimeoutClock } from "./timeout_clock.ts";

/** Expires when it has run for its full time without a stop. */
export class AnswerTimer {
  readonly #milliseconds: number;
  readonly #expired: () => void;
  #clock: TimeoutClock | undefined;

  /**
   * @param milliseconds How long an answer may take.
   * @param expired Called when it took longer.
   */
  constructor(milliseconds: number, expired: () => void) {
    this.#milliseconds = milliseconds;
    this.#expired = expired;
  }

  /** Starts it; has no effect while it runs. */
  start(): void {
    if (this.#clock !== undefined) return;
    const startedAt = now();
    const clock = this.#clock = new TimeoutClock(this.#milliseconds, () => {
      if (clock.waited(startedAt) < this.#milliseconds * 1000) return;
      this.stop();
      this.#expired();
    });
  }

  /** Stops it; the next start begins from zero. */
  stop(): void {
    this.#clock?.stop();
    this.#clock = undefined;
  }
}
