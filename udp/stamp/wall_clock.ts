/**
 * The wall clock, to the microsecond, without a permission.
 *
 * `Date.now()` is the wall clock in whole milliseconds, `performance.now()` finer
 * but another clock: it does not follow when the system's time is slewed or set.
 * Each reading of both says within which millisecond the one is ahead of the
 * other, so that readings at different places in a millisecond narrow it down;
 * one at the edge says it at once. Kept are the bounds that all readings agree on.
 * As they age they widen by what a clock may be slewed; the wall clock is moved no
 * further than they ask for, so that it does not wander while the system's time
 * does not.
 *
 * A reading outside of the bounds means that the system's time was set, or leapt:
 * that is counted and reported as a step, and what was known before is forgotten.
 *
 * @module
 */
import type { Timestamp } from "./timestamp.ts";

/** The clocks it is made of. */
export interface Clocks {
  /** Milliseconds on a monotonic clock, finer than microseconds. */
  monotonic: () => number;
  /** Whole milliseconds since the Unix epoch. */
  wall: () => number;
}

const SYSTEM: Clocks = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};

/** How much faster or slower a clock may be made to run: what kernels allow NTP. */
const LARGEST_SLEW = 500e-6;

/** Milliseconds from one comparison of the clocks to the next. */
const COMPARE_EVERY = 0.5;

/**
 * How narrow the bounds are at the edge of a millisecond, and how long to look for
 * one, in milliseconds and readings: on a busy machine, the first may be missed.
 */
const EDGE_WIDTH = 0.005;
const EDGE_WITHIN = 20;
const EDGE_READINGS = 200_000;

/** The wall clock, finer than a millisecond. */
export class WallClock {
  readonly #clocks: Clocks;
  readonly #onStep: (microseconds: number) => void;
  /** Whole seconds from which times are counted, so that they keep their precision. */
  readonly #origin: number;
  /** By how many milliseconds the wall clock is ahead: least, most, and as it is read. */
  #least = -Infinity;
  #most = Infinity;
  #ahead = 0;
  /** When the clocks were last compared. */
  #comparedAt = 0;
  #steps = 0;

  /**
   * Takes a millisecond or so, in which it looks for the clock's edge.
   *
   * @param onStep Called when the system's time was set, with the microseconds by
   * which, good to a millisecond.
   * @param clocks Default: the system's.
   */
  constructor(
    onStep: (microseconds: number) => void = () => {},
    clocks: Clocks = SYSTEM,
  ) {
    this.#clocks = clocks;
    this.#onStep = onStep;
    this.#origin = Math.floor(clocks.wall() / 1000);
    this.#findEdge();
  }

  /** How often the system's time was set since the start. */
  get steps(): number {
    return this.#steps;
  }

  /** The most that a time may be off from the system's, in microseconds. */
  get uncertainty(): number {
    return Math.max(this.#most - this.#ahead, this.#ahead - this.#least) * 1000;
  }

  /**
   * The time now.
   *
   * Hot: this runs for each packet.
   *
   * @param into Takes it.
   */
  read(into: Timestamp): Timestamp {
    const time = this.#clocks.monotonic();
    if (time - this.#comparedAt >= COMPARE_EVERY) this.#compare();
    return this.#write(time, into);
  }

  /** The time now, counted on from the last one read: never before it. */
  readOn(into: Timestamp): Timestamp {
    return this.#write(this.#clocks.monotonic(), into);
  }

  #write(time: number, into: Timestamp): Timestamp {
    const milliseconds = time + this.#ahead;
    const seconds = Math.floor(milliseconds / 1000);
    into.seconds = this.#origin + seconds;
    into.nanoseconds = (milliseconds - seconds * 1000) * 1_000_000;
    return into;
  }

  /** Compares the clocks, and follows where the wall clock has gone. */
  #compare(): void {
    const known = this.#ahead;
    if (this.#narrow()) {
      this.#ahead = Math.min(Math.max(known, this.#least), this.#most);
      return;
    }
    this.#findEdge();
    this.#steps++;
    this.#onStep((this.#ahead - known) * 1000);
  }

  /**
   * Narrows the bounds by a reading of both clocks.
   *
   * @returns Whether it agrees with them; if not, they are those of the reading.
   */
  #narrow(): boolean {
    const before = this.#clocks.monotonic();
    const wall = this.#clocks.wall() - this.#origin * 1000;
    const after = this.#clocks.monotonic();
    const slewed = (after - this.#comparedAt) * LARGEST_SLEW;
    this.#comparedAt = after;
    // It was from `wall` up to `wall + 1` somewhere between the two.
    const least = Math.max(wall - after, this.#least - slewed);
    const most = Math.min(wall + 1 - before, this.#most + slewed);
    const agrees = least <= most;
    this.#least = agrees ? least : wall - after;
    this.#most = agrees ? most : wall + 1 - before;
    return agrees;
  }

  /** Narrows the bounds, from scratch, until a reading was at the edge of a millisecond. */
  #findEdge(): void {
    const start = this.#clocks.monotonic();
    this.#comparedAt = start;
    this.#least = -Infinity;
    this.#most = Infinity;
    for (let i = 0; i < EDGE_READINGS; i++) {
      this.#narrow();
      if (this.#most - this.#least <= EDGE_WIDTH) break;
      if (this.#comparedAt - start > EDGE_WITHIN) break;
    }
    this.#ahead = (this.#least + this.#most) / 2;
  }
}
