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

/** How long to look for the edge of a millisecond, in milliseconds and readings. */
const EDGE_WITHIN = 3;
const EDGE_READINGS = 100_000;

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
  #comparedAt = -Infinity;
  #steps = 0;

  /**
   * Takes up to a millisecond, in which it looks for the clock's edge.
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

  /** Compares the clocks once. */
  #compare(): void {
    const before = this.#clocks.monotonic();
    const wall = this.#clocks.wall() - this.#origin * 1000;
    const after = this.#clocks.monotonic();
    // It was from `wall` up to `wall + 1` somewhere between the two.
    const least = wall - after;
    const most = wall + 1 - before;
    const slewed = (after - this.#comparedAt) * LARGEST_SLEW;
    this.#comparedAt = after;
    this.#least -= slewed;
    this.#most += slewed;
    if (least > this.#most || most < this.#least) {
      const known = this.#ahead;
      this.#findEdge();
      this.#steps++;
      this.#onStep((this.#ahead - known) * 1000);
      return;
    }
    this.#least = Math.max(this.#least, least);
    this.#most = Math.min(this.#most, most);
    this.#ahead = Math.min(Math.max(this.#ahead, this.#least), this.#most);
  }

  /** Compares the clocks until the wall clock's millisecond changes, from scratch. */
  #findEdge(): void {
    const { monotonic, wall } = this.#clocks;
    const start = monotonic();
    const first = wall();
    let before = start, time = first, after = start;
    for (let i = 0; i < EDGE_READINGS; i++) {
      before = after;
      time = wall();
      after = monotonic();
      if (time !== first || after - start > EDGE_WITHIN) break;
    }
    const relative = time - this.#origin * 1000;
    // At the edge, its millisecond began between the two; else it is somewhere in it.
    this.#least = relative - after;
    this.#most = relative - before + (time === first + 1 ? 0 : 1);
    this.#ahead = (this.#least + this.#most) / 2;
    this.#comparedAt = after;
  }
}
