/**
 * What a run finds out about each way of its path, over all of its flows.
 *
 * @module
 */
import type {
  Direction,
  Directions,
  IntervalDirections,
} from "../../events/mod.ts";
import { between } from "../../net/clock.ts";
import { formatDuration, plural } from "../../text/format.ts";
import { Histogram } from "../histogram.ts";
import { type Jitter, meanJitter } from "../jitter.ts";
import { RoundTrips } from "../round_trips.ts";
import {
  type DirectionSink,
  type Numbering,
  type Way,
  WAYS,
} from "./numbering.ts";
import { OneWay, type Times } from "./one_way.ts";

/** What follows one flow. */
export interface FlowDirections {
  /** Its numbers. */
  readonly numbering: Numbering;
  /** Its jitter each way. */
  readonly jitter: Readonly<Record<Way, Jitter>>;
}

/** What is said about the clocks at both ends of a path. */
export interface ClockClaims {
  /** Whether both are said to be synchronized. */
  areSynchronized: boolean;
  /** The error of both together by their estimates, in microseconds. */
  error: number;
}

/** What to show of a run's losses each way. */
interface WaysKnown {
  isKnown: boolean;
  /** Why not. */
  reason?: string;
}

/** The counts and delays of a run each way, and those of the reflector in between. */
export class DirectionTally implements DirectionSink {
  readonly #oneWay: OneWay;
  readonly #reflector: { recent: RoundTrips; earlier: RoundTrips };
  readonly #flows: FlowDirections[] = [];
  readonly #lost: Record<Way, number> = { out: 0, back: 0 };
  readonly #duplicates: Record<Way, number> = { out: 0, back: 0 };
  readonly #reordered: Record<Way, number> = { out: 0, back: 0 };
  #untimed = 0;
  #ownSteps = 0;
  /** Both clocks have always been said to be synchronized. */
  #areSynchronized = true;
  /**
   * By how much this machine's time has moved, in microseconds, against the clock
   * of the times that are recorded.
   */
  ownClockMoved: () => number = () => 0;
  /** Called for each loss that is attributed. */
  onLost: (way: Way, sentAt: number) => void = () => {};

  private constructor(
    oneWay: OneWay,
    recent: Histogram,
    earlier: Histogram,
  ) {
    this.#oneWay = oneWay;
    this.#reflector = {
      recent: new RoundTrips(recent),
      earlier: new RoundTrips(earlier),
    };
  }

  /** Creates an empty one, which takes a while. */
  static async create(): Promise<DirectionTally> {
    return new DirectionTally(
      await OneWay.create(),
      await Histogram.create(),
      await Histogram.create(),
    );
  }

  /** Adds a flow, whose findings are counted from now on. */
  join(flow: FlowDirections): void {
    this.#flows.push(flow);
  }

  lost(way: Way, sentAt: number): void {
    this.#lost[way]++;
    this.onLost(way, sentAt);
  }

  duplicated(way: Way): void {
    this.#duplicates[way]++;
  }

  reordered(way: Way): void {
    this.#reordered[way]++;
  }

  /** Records the times of a message, and what is said about the clocks. */
  timed(times: Times, claims: ClockClaims): void {
    this.#oneWay.record(times, claims.error);
    this.#reflector.recent.record(between(times.received, times.reflected));
    this.#areSynchronized &&= claims.areSynchronized;
  }

  /** Counts a reply whose timestamps cannot be: the reflector's clock was set in between. */
  untimed(): void {
    this.#untimed++;
  }

  /** Records that the own clock was set: the times from before it are of another clock. */
  ownClockStepped(isCompared: boolean): void {
    this.#ownSteps++;
    if (isCompared) this.#oneWay.interrupt();
  }

  /** Whether it is known on which way messages were lost, so far. */
  get #ways(): WaysKnown {
    const modes = this.#flows.map(({ numbering }) => numbering.isStateful);
    const isWithoutTrouble = this.#flows.every(({ numbering }) =>
      !numbering.hasTrouble
    );
    const hasReplies = this.#flows.some(({ numbering }) =>
      numbering.replies > 0
    );
    if (!hasReplies) return { isKnown: isWithoutTrouble };
    if (modes.includes(false)) {
      return {
        isKnown: false,
        reason:
          "the reflector is stateless, it repeats the sender's numbers: on which way messages were lost or overtaken is unknown",
      };
    }
    if (!this.#flows.every(({ numbering }) => numbering.isOfOneSession)) {
      return {
        isKnown: false,
        reason:
          "the reflector does not number each session by itself: on which way messages were lost or overtaken is unknown",
      };
    }
    if (modes.includes(true) || isWithoutTrouble) return { isKnown: true };
    return {
      isKnown: false,
      reason:
        "the reflector's numbers are the sender's, as those of a stateless one: on which way messages were lost or overtaken is unknown",
    };
  }

  /** Whether the losses of an interval can be shown by way. */
  knowsWays(lost: number): boolean {
    const modes = this.#flows.map(({ numbering }) => numbering.isStateful);
    if (modes.includes(false)) return false;
    return modes.includes(true) ? this.#ways.isKnown : lost === 0;
  }

  /** Ends an interval; returns its delays. */
  endInterval(): IntervalDirections {
    const { recent, earlier } = this.#reflector;
    const reflector_us = recent.percentiles();
    earlier.add(recent);
    recent.reset();
    const { out, back } = this.#oneWay.variation;
    return {
      out: { variation_us: out.endInterval() },
      back: { variation_us: back.endInterval() },
      reflector_us,
    };
  }

  /**
   * All that was found.
   *
   * @param lost The messages that were lost in all.
   */
  result(lost: number): Directions {
    this.endInterval();
    const offset = this.#oneWay.offset;
    const { isKnown, reason } = this.#ways;
    const notes: string[] = reason === undefined ? [] : [reason];
    const { isSteady } = this.#oneWay;
    if (!isSteady) {
      notes.push(
        "the reflector's timestamps are not those of a clock that runs steadily: there are no delays each way",
      );
    }
    const absolute = this.#absolute(notes);
    const hasReplies = this.#flows.some(({ numbering }) =>
      numbering.replies > 0
    );
    const way = (name: Way): Direction => {
      const all = this.#oneWay.variation[name].all();
      const jitters = this.#flows.flatMap(({ jitter }) =>
        jitter[name].value ?? []
      );
      const variation_us = isSteady ? all.summary() : undefined;
      const shift = this.#oneWay.smallest(name);
      if (absolute) all.shift(shift);
      return {
        lost: isKnown ? this.#lost[name] : undefined,
        duplicates: hasReplies ? this.#duplicates[name] : undefined,
        reordered: isKnown ? this.#reordered[name] : undefined,
        jitter_us: isSteady ? meanJitter(jitters) : undefined,
        variation_us,
        delay_us: absolute ? all.percentiles() : undefined,
      };
    };
    const [out, back] = WAYS.map(way);
    const unknown = lost - (out.lost ?? 0) - (back.lost ?? 0);
    if (isKnown && unknown > 0) {
      notes.push(
        `of ${unknown} of the ${lost} lost it is unknown on which way: no later reply shows it, or they came late`,
      );
    }
    this.#addNotes(notes);
    return {
      out,
      back,
      lost_unknown: unknown,
      reflector_us: this.#reflector.earlier.summary(),
      clock: offset && isSteady
        ? {
          offset_us: between(this.ownClockMoved(), offset.offset),
          bound_us: between(0, offset.bound),
          error_us: between(0, offset.error),
          absolute,
          steps: this.#oneWay.steps,
          own_steps: this.#ownSteps,
        }
        : undefined,
      notes,
    };
  }

  /** Whether delays each way are absolute; says why not, where both clocks are said to be right. */
  #absolute(notes: string[]): boolean {
    const { offset, steps, drifts } = this.#oneWay;
    if (offset === undefined || !this.#areSynchronized) return false;
    if (steps + drifts + this.#ownSteps > 0) {
      notes.push(
        "delays each way are relative: the clocks are said to be synchronized, but one was set or has drifted meanwhile",
      );
      return false;
    }
    for (const name of WAYS) {
      const smallest = this.#oneWay.smallest(name);
      if (smallest >= 0) continue;
      const error = formatDuration(offset.error);
      notes.push(
        `delays each way are relative: the clocks are said to be synchronized, but by them a message took ${
          formatDuration(-smallest)
        } less than nothing on the way ${name}, ` +
          (-smallest > offset.error
            ? `which is more than the ${error} of their error estimates`
            : `which is within the ${error} of their error estimates`),
      );
      return false;
    }
    return true;
  }

  #addNotes(notes: string[]): void {
    const restarts = this.#flows.reduce(
      (sum, { numbering }) => sum + numbering.restarts,
      0,
    );
    const { steps, drifts } = this.#oneWay;
    if (restarts > 0) {
      notes.push(
        `the reflector began again to count, ${
          plural(restarts, "time")
        }: it was restarted, or forgot the session`,
      );
    }
    if (steps > 0) {
      notes.push(
        `the reflector's clock was set while measuring, ${
          plural(steps, "time")
        }: delays each way are not compared across that`,
      );
    }
    if (drifts > 0) {
      notes.push(
        "the clocks drifted apart while measuring: delays each way are compared with the smallest since they last agreed",
      );
    }
    if (this.#ownSteps > 0) {
      notes.push(
        `this machine's clock was set while measuring, ${
          plural(this.#ownSteps, "time")
        }: no delay is measured across that`,
      );
    }
    if (this.#untimed > 0) {
      notes.push(
        `${
          plural(this.#untimed, "reply", "replies")
        } with timestamps that cannot be (answered before received, or longer in the reflector than away): in no figure each way`,
      );
    }
  }
}
