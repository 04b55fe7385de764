/**
 * Waking up at the moment at which a message is due.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import { now } from "../net/clock.ts";

/**
 * The system's timers come up to two milliseconds late. The last stretch before
 * a moment is therefore spent in turns of the event loop, of about a microsecond
 * each, in which sockets are served as ever: it costs a processor, and keeps the
 * client's own lateness out of the delays.
 */
const TIMER_LATENESS = 2_500;

/** Calls back at given moments, to some tens of microseconds. */
export class Alarm {
  /** In the order of their time, which is the order in which they come. */
  readonly #waiting: { due: number; wake: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A call of the watch is under way, or to come. */
  #isArmed = false;
  #turn: ReturnType<typeof setImmediate> | undefined;

  /**
   * Calls back once, never before this call returns.
   *
   * @param due A moment of {@linkcode now}.
   */
  at(due: number, wake: () => void): void {
    // Most come in order; a flow that keeps a beat of its own need not.
    let place = this.#waiting.length;
    while (place > 0 && this.#waiting[place - 1].due > due) place--;
    this.#waiting.splice(place, 0, { due, wake });
    if (place === 0 || !this.#isArmed) this.#arm();
  }

  /** Forgets all that wait. */
  cancel(): void {
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#isArmed = false;
  }

  readonly #watch = () => {
    const time = now();
    // Those woken may wait for their next message at once.
    while (this.#waiting.length > 0 && this.#waiting[0].due <= time) {
      this.#waiting.shift()!.wake();
    }
    this.#isArmed = false;
    if (this.#waiting.length > 0) this.#arm();
  };

  #arm(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#isArmed = true;
    const left = this.#waiting[0].due - now();
    if (left > TIMER_LATENESS) {
      this.#timer = setTimeout(this.#watch, (left - TIMER_LATENESS) / 1000);
    } else {
      this.#turn = setImmediate(this.#watch);
    }
  }
}
