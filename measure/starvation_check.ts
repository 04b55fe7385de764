/**
 * Finding out whether the client itself leaves answers unread.
 *
 * With many flows at once, the runtime may serve some and leave others waiting
 * for seconds though their answers are there; nothing in a program shows what
 * lies unread in a socket. But once no flow sends any more, whatever is there is
 * read within a moment. So where a flow has waited for much longer than the
 * others, all are held back for a few milliseconds: an answer that comes then had
 * been there.
 *
 * @module
 */
import { pause } from "../net/backoff.ts";
import { now } from "../net/clock.ts";
import type { Brake } from "./pacer.ts";
import { FEW_FLOWS, type Flow } from "./flow.ts";
import type { Tally } from "./tally.ts";

/** A flow that has waited for so many times the median delay is looked at, in microseconds at least. */
const LONG_WAIT = 20;
const LEAST_WAIT = 50_000;

/**
 * Microseconds from one look to the next, where something is overdue and else,
 * and how many are taken of a run in which nothing is.
 */
const OVERDUE_SPACING = 200_000;
const SPACING = 500_000;
const SAMPLES = 20;

/**
 * An answer that comes in such a moment by chance is one of many that do not:
 * so many must have been found, and so large a share of those looked for.
 */
const LEAST_FOUND = 2;
const LEAST_SHARE = 0.5;

/** What is there has been read when nothing more came for so many milliseconds; so many at most. */
const QUIET = 5;
const LONGEST_QUIET = 100;

/** Looks for answers that lie unread, in a sample of long waits and before any time-out. */
export class StarvationCheck {
  readonly #flows: readonly Flow[];
  readonly #brake: Brake;
  readonly #tally: Tally;
  #lookedAt = -Infinity;
  #samples = 0;
  /** Waits that were looked at, those whose answer had been there, and the longest of these. */
  #suspects = 0;
  #found = 0;
  #longest = 0;

  constructor(flows: readonly Flow[], brake: Brake, tally: Tally) {
    this.#flows = flows;
    this.#brake = brake;
    this.#tally = tally;
  }

  /**
   * The longest that was waited for an answer which had been there, in
   * microseconds; `undefined` where the client read what there was.
   */
  get unread(): number | undefined {
    const isOwn = this.#found >= LEAST_FOUND &&
      this.#found >= LEAST_SHARE * this.#suspects;
    return isOwn ? this.#longest : undefined;
  }

  /**
   * Looks, where there is reason to.
   *
   * @returns Whether what is overdue may be given up: everything that was there
   * has been read.
   */
  async look(): Promise<boolean> {
    if (this.#flows.length <= FEW_FLOWS) return true;
    const time = now();
    const hasOverdue = this.#flows.some((flow) => flow.isOverdue);
    const spacing = hasOverdue ? OVERDUE_SPACING : SPACING;
    if (time - this.#lookedAt < spacing) return !hasOverdue;
    const suspects = this.#longWaits(time, hasOverdue);
    if (suspects.length === 0) return true;
    this.#lookedAt = time;
    this.#brake.isOn = true;
    await this.#untilQuiet();
    for (const [flow, since] of suspects) {
      this.#suspects++;
      const isAnswered = flow.failure === undefined &&
        (flow.waitingSince ?? Infinity) > since;
      if (!isAnswered) continue;
      this.#found++;
      this.#longest = Math.max(this.#longest, time - since);
    }
    this.#brake.isOn = false;
    for (const flow of this.#flows) flow.pump();
    return true;
  }

  /** Flows that have waited for long, and since when. */
  #longWaits(time: number, hasOverdue: boolean): [Flow, number][] {
    const mayBeSampled = this.#samples < SAMPLES &&
      !this.#tally.schedule.isPaced;
    if (!hasOverdue && !mayBeSampled) return [];
    const usual = this.#tally.medianDelay() ?? 0;
    const long = Math.max(LONG_WAIT * usual, LEAST_WAIT);
    const suspects = this.#flows.flatMap((flow): [Flow, number][] => {
      const since = flow.waitingSince;
      return since === undefined || time - since < long ? [] : [[flow, since]];
    });
    if (suspects.length > 0) this.#samples++;
    return suspects;
  }

  /** Waits until nothing more is read. */
  async #untilQuiet(): Promise<void> {
    const until = now() + LONGEST_QUIET * 1000;
    for (let before = -1; before !== this.#moved && now() < until;) {
      before = this.#moved;
      await pause(QUIET);
    }
  }

  /** Grows with everything that is read. */
  get #moved(): number {
    return this.#tally.messagesReceived;
  }
}
