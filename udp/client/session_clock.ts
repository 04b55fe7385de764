/**
 * The clock of all sessions of a run: what they send is the system's time, and what
 * they compare is counted from one moment.
 *
 * @module
 */
import { now } from "../../net/clock.ts";
import { microsecondsBetween, type Timestamp } from "../stamp/timestamp.ts";
import type { WallClock } from "../stamp/wall_clock.ts";

/** Tells the system's time, and counts from the moment when it was made. */
export class SessionClock {
  readonly #wall: WallClock;
  readonly #originAt: number;
  readonly #origin: Timestamp;
  readonly #time: Timestamp = { seconds: 0, nanoseconds: 0 };

  /** @param wall The system's time. */
  constructor(wall: WallClock) {
    this.#wall = wall;
    this.#originAt = now();
    this.#origin = wall.read({ seconds: 0, nanoseconds: 0 });
  }

  /** How often the system's time was set. */
  get steps(): number {
    return this.#wall.steps;
  }

  /** The most that its time may be off from the system's, in microseconds. */
  get uncertainty(): number {
    return this.#wall.uncertainty;
  }

  /** The system's time, valid until the next call. */
  read(): Timestamp {
    return this.#wall.read(this.#time);
  }

  /** A time of {@linkcode now}, counted from the start; no setting of the system's time changes it. */
  ofMonotonic(time: number): number {
    return time - this.#originAt;
  }

  /** A time of day, of this machine or another, counted from the start. */
  ofDay(time: Timestamp): number {
    return microsecondsBetween(this.#origin, time);
  }

  /** By how much the system's time has moved against the monotonic clock since the start. */
  get moved(): number {
    return this.ofDay(this.read()) - this.ofMonotonic(now());
  }
}
