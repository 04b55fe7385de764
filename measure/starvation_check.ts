/**
 * Detecting that the client itself leaves answers unread.
 *
 * With many flows, the runtime may serve some and starve others for seconds though
 * their answers have arrived, and a program cannot see what lies unread in a
 * socket. But once no flow sends, everything there is read at once. So where a
 * flow has waited for much longer than the others, the sending of all is paused
 * for some milliseconds: an answer that shows up then had already arrived.
 *
 * @module
 */
import { pause } from "../net/backoff.ts";
import { now } from "../net/clock.ts";
import type { Brake } from "./pacer.ts";
import { FEW_FLOWS, type Flow } from "./flow.ts";
import type { Tally } from "./tally.ts";

/** A wait is suspect from this many median delays, and from this many microseconds. */
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
 * Some answers arrive during a pause by chance: at least this number, and this
 * share of the suspects, must have been answered in one.
 */
const LEAST_FOUND = 2;
const LEAST_SHARE = 0.5;

/** All is read once nothing came for this many milliseconds; the pause has a limit. */
const QUIET = 5;
const LONGEST_QUIET = 100;

/** Looks for unread answers, in a sample of long waits and before any timeout. */
export class StarvationCheck {
  readonly #flows: readonly Flow[];
  readonly #brake: Brake;
  readonly #tally: Tally;
  #lookedAt = -Infinity;
  #samples = 0;
  /** Long waits examined, those whose answer lay unread, and the longest of these. */
  #suspects = 0;
  #found = 0;
  #longest = 0;

  constructor(flows: readonly Flow[], brake: Brake, tally: Tally) {
    this.#flows = flows;
    this.#brake = brake;
    this.#tally = tally;
  }

  /**
   * The longest wait for an answer that lay unread, in microseconds; `undefined`
   * where the client kept up with reading.
   */
  get unread(): number | undefined {
    const isOwn = this.#found >= LEAST_FOUND &&
      this.#found >= LEAST_SHARE * this.#suspects;
    return isOwn ? this.#longest : undefined;
  }

  /**
   * Checks, if a flow has waited for long.
   *
   * @returns Whether what is overdue may be given up: all that had arrived has been
   * read.
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

  /** Flows that have waited for long, each with the start of its wait. */
  #longWaits(time: number, hasOverdue: boolean): [Flow, number][] {
    const mayBeSampled = this.#samples < SAMPLES &&
      !this.#tally.schedule.isPaced;
    if (!hasOverdue && !mayBeSampled) return [];
    const waits = this.#flows.flatMap((flow): [Flow, number][] => {
      const since = flow.waitingSince;
      const isLong = since !== undefined && time - since >= LEAST_WAIT;
      return isLong ? [[flow, since]] : [];
    });
    // The median costs a walk through the histogram: only where one has waited.
    if (waits.length === 0) return [];
    const long = LONG_WAIT * (this.#tally.medianDelay() ?? 0);
    const suspects = waits.filter(([, since]) => time - since >= long);
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

  get #moved(): number {
    return this.#tally.messagesReceived;
  }
}
