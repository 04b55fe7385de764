/**
 * Waking up when a message is due.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import { now } from "../net/clock.ts";

/**
 * The system's timers fire up to two milliseconds late. The last stretch is
 * therefore spun through in turns of the event loop, of about a microsecond
 * each, in which sockets are still served: this costs a processor, and keeps the
 * client's own lateness out of the delays.
 */
const TIMER_LATENESS = 2_500;

/**
 * Calls back at given moments: an exact alarm to some tens of microseconds, another
 * one up to two milliseconds late, at the cost of a timer alone.
 */
export class Alarm {
  readonly #awake: number;
  /** Sorted by the time at which they are due. */
  readonly #waiting: { due: number; wake: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A timer or a turn of the event loop is scheduled. */
  #isArmed = false;
  #turn: ReturnType<typeof setImmediate> | undefined;

  /** @param isExact Stay awake for the last stretch. */
  constructor(isExact: boolean) {
    this.#awake = isExact ? TIMER_LATENESS : 0;
  }

  /**
   * Calls back once, asynchronously.
   *
   * @param due A time of {@linkcode now}.
   */
  at(due: number, wake: () => void): void {
    // Most are added in order; a flow with an interval of its own may not be.
    let place = this.#waiting.length;
    while (place > 0 && this.#waiting[place - 1].due > due) place--;
    this.#waiting.splice(place, 0, { due, wake });
    if (place === 0 || !this.#isArmed) this.#arm();
  }

  /** Cancels all pending calls. */
  cancel(): void {
    this.#waiting.length = 0;
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#isArmed = false;
  }

  readonly #watch = () => {
    const time = now();
    // A callback may add its next alarm.
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
    if (left > this.#awake) {
      const wait = (left - this.#awake) / 1000;
      // A timer counts whole milliseconds: one that need not be exact is not early.
      this.#timer = setTimeout(
        this.#watch,
        this.#awake > 0 ? wait : Math.ceil(wait),
      );
    } else {
      this.#turn = setImmediate(this.#watch);
    }
  }
}
