/**
 * Giving up on a peer that does not answer.
 *
 * @module
 */
import { now } from "../net/clock.ts";
import { TimeoutClock } from "./timeout_clock.ts";

/** Runs out when it has been running for so long without a stop. */
export class AnswerTimer {
  readonly #milliseconds: number;
  readonly #expired: () => void;
  #clock: TimeoutClock | undefined;

  /**
   * @param milliseconds How long an answer may take.
   * @param expired What to do when it took longer.
   */
  constructor(milliseconds: number, expired: () => void) {
    this.#milliseconds = milliseconds;
    this.#expired = expired;
  }

  /** Starts it; a timer that runs already goes on. */
  start(): void {
    if (this.#clock !== undefined) return;
    const startedAt = now();
    const clock = this.#clock = new TimeoutClock(this.#milliseconds, () => {
      if (clock.waited(startedAt) < this.#milliseconds * 1000) return;
      this.stop();
      this.#expired();
    });
  }

  /** Stops it, so that the next start begins anew. */
  stop(): void {
    this.#clock?.stop();
    this.#clock = undefined;
  }
}
