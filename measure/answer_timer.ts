/**
 * Giving up on a peer that does not answer.
 *
 * @module
 */

/** Runs out when it has been running for so long without a stop. */
export class AnswerTimer {
  readonly #milliseconds: number;
  readonly #expired: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

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
    this.#timer ??= setTimeout(this.#expired, this.#milliseconds);
  }

  /** Stops it, so that the next start begins anew. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
