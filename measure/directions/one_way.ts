/**
 * Delays each way between two clocks of which only their running is known.
 *
 * @module
 */
import { Variation } from "./variation.ts";
import type { Way } from "./numbering.ts";

/**
 * What two clocks may disagree by without having been set, in microseconds: their
 * resolution, which may be a millisecond each.
 */
const RESOLUTION = 2000;

/** How much faster one clock may run than the other while both are being disciplined. */
const LARGEST_DRIFT = 1000e-6;

/** One in so many messages may find the clocks moved: with more, one of them is no clock. */
const FEWEST_BETWEEN_MOVES = 10;

/** The four times of a message, in microseconds: the inner two of the reflector's clock. */
export interface Times {
  /** When it was sent. */
  sent: number;
  /** When the reflector received it. */
  received: number;
  /** When the reflector answered. */
  reflected: number;
  /** When the answer came. */
  returned: number;
}

/** By how much the reflector's clock is ahead. */
export interface ClockOffset {
  /** The best estimate, in microseconds. */
  offset: number;
  /** The most that the estimate may be off: half of the smallest round trip. */
  bound: number;
  /** What the clocks may be off besides, as they say themselves. */
  error: number;
}

/**
 * The delays each way of a run. Each is what a message took and what the reflector's
 * clock is ahead (out), or behind (back); so the sum of both is right, and their
 * variation, but not their size.
 *
 * Two clocks that go on as they are never make a message arrive before it was
 * sent. Where one delay out and another back have a sum below 0, a clock was set
 * or has drifted, and what was before is not compared with what follows.
 */
export class OneWay {
  readonly variation: Readonly<Record<Way, Variation>>;
  /** How often the reflector's clock was set against ours, as far as it shows. */
  steps = 0;
  /** How often both had drifted apart by more than the smallest round trip. */
  drifts = 0;
  #count = 0;
  #smallest: Record<Way, number> = { out: Infinity, back: Infinity };
  #last: { out: number; back: number; at: number } | undefined;
  #shortestTrip = Infinity;
  #offset = 0;
  #error = 0;

  private constructor(out: Variation, back: Variation) {
    this.variation = { out, back };
  }

  /** Creates one without delays. */
  static async create(): Promise<OneWay> {
    return new OneWay(await Variation.create(), await Variation.create());
  }

  /** Whether the reflector's clock runs like one; its timestamps mean nothing else. */
  get isSteady(): boolean {
    return (this.steps + this.drifts - 1) * FEWEST_BETWEEN_MOVES <= this.#count;
  }

  /**
   * Records the times of a message.
   *
   * @param error What both clocks say that the times may be off, in microseconds.
   */
  record({ sent, received, reflected, returned }: Times, error = 0): void {
    this.#count++;
    const out = received - sent;
    const back = returned - reflected;
    const last = this.#last;
    this.#last = { out, back, at: returned };
    if (this.#contradicts(out, back, this.#smallest, RESOLUTION)) {
      const elapsed = returned - (last?.at ?? returned);
      const allowed = RESOLUTION + LARGEST_DRIFT * Math.max(elapsed, 0);
      if (last && this.#contradicts(out, back, last, allowed)) this.steps++;
      else this.drifts++;
      this.interrupt();
    }
    this.#smallest.out = Math.min(this.#smallest.out, out);
    this.#smallest.back = Math.min(this.#smallest.back, back);
    this.variation.out.record(out);
    this.variation.back.record(back);
    if (out + back >= this.#shortestTrip) return;
    this.#shortestTrip = out + back;
    this.#offset = (out - back) / 2;
    this.#error = error;
  }

  /** Whether no one offset of the clocks explains these delays and others. */
  #contradicts(
    out: number,
    back: number,
    other: Record<Way, number>,
    allowed: number,
  ): boolean {
    return Math.min(out + other.back, other.out + back) < -allowed;
  }

  /** A clock was set: what follows is not compared with what was before. */
  interrupt(): void {
    this.variation.out.interrupt();
    this.variation.back.interrupt();
    this.#smallest = { out: Infinity, back: Infinity };
    this.#shortestTrip = Infinity;
  }

  /** The smallest delay on a way since the clocks moved, with their offset in it. */
  smallest(way: Way): number {
    return this.#smallest[way];
  }

  /** The offset of the clocks as they are now; `undefined` where nothing was recorded. */
  get offset(): ClockOffset | undefined {
    if (this.#shortestTrip === Infinity) return undefined;
    return {
      offset: this.#offset,
      bound: Math.max(this.#shortestTrip, 0) / 2,
      error: this.#error,
    };
  }
}
