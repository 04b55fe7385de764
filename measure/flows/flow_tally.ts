/**
 * What each flow of a run sent, lost, and how long its round trips took.
 *
 * @module
 */
import { countDelay, type DelayCounts, noDelays } from "./flow_delays.ts";

/** The most flows of which delays are kept: 6 MB in all. */
const MOST_DELAYS = 1000;

/**
 * Losses within this many microseconds of each other may have one cause, such as a
 * buffer that was full for a moment.
 */
const SLOT = 100_000;

/** The counts that a flow has one of. */
const COUNTS = [
  "sentBy",
  "answeredBy",
  "lostBy",
  "timelyBy",
  "timelyLostBy",
  "timedBy",
  "slotsBy",
  "lossySlotsBy",
] as const;

/** The counts of some flows, as one thread hands them to another. */
export type FlowTallyState =
  & Record<typeof COUNTS[number], Float64Array>
  & Pick<FlowTally, "delaysBy">;

/** Counts of each flow, by its number from 0. */
export class FlowTally {
  /** Messages sent. */
  readonly sentBy: Float64Array;
  /** Messages answered in time and intact. */
  readonly answeredBy: Float64Array;
  /** Messages given up. */
  readonly lostBy: Float64Array;
  /*
   * What flows are compared by, without late sends: a client that has stood still
   * may send all that is overdue from one flow, in a burst.
   */
  /** Messages sent on time, those of them given up, and those answered. */
  readonly timelyBy: Float64Array;
  readonly timelyLostBy: Float64Array;
  readonly timedBy: Float64Array;
  /** Slots of time in which a flow sent on time, and in which it sent what was lost. */
  readonly slotsBy: Float64Array;
  readonly lossySlotsBy: Float64Array;
  /** Whether delays are kept. */
  readonly hasDelays: boolean;
  /** Round trips from sending; a flow has none before its first. */
  readonly delaysBy: (DelayCounts | undefined)[];
  readonly #start: number;
  /** The last slots in which a flow sent, and sent what was lost. */
  readonly #lastSlot: Float64Array;
  readonly #lastLossySlot: Float64Array;

  /**
   * @param flows How many.
   * @param start When the run began.
   * @param compared With how many they are compared, themselves included.
   */
  constructor(flows: number, start: number, compared = flows) {
    const zeros = () => new Float64Array(flows);
    this.#start = start;
    this.sentBy = zeros();
    this.answeredBy = zeros();
    this.lostBy = zeros();
    this.timelyBy = zeros();
    this.timelyLostBy = zeros();
    this.timedBy = zeros();
    this.slotsBy = zeros();
    this.lossySlotsBy = zeros();
    this.#lastSlot = zeros().fill(-1);
    this.#lastLossySlot = zeros().fill(-1);
    this.hasDelays = compared > 1 && compared <= MOST_DELAYS;
    this.delaysBy = this.hasDelays ? new Array(flows).fill(undefined) : [];
  }

  /** How many flows. */
  get flows(): number {
    return this.sentBy.length;
  }

  /** The counts, for another thread. */
  state(): FlowTallyState {
    const counts = COUNTS.map((name) => [name, this[name]]);
    return { ...Object.fromEntries(counts), delaysBy: this.delaysBy };
  }

  /**
   * Takes the counts of flows in another thread.
   *
   * @param first The number that the first of them has here.
   */
  addState(state: FlowTallyState, first: number): void {
    for (const name of COUNTS) this[name].set(state[name], first);
    state.delaysBy.forEach((delays, i) => this.delaysBy[first + i] = delays);
  }

  /** Counts a message that is sent. */
  sent(flow: number, at: number, isLate: boolean): void {
    this.sentBy[flow]++;
    if (isLate) return;
    this.timelyBy[flow]++;
    const slot = this.#slotOf(at);
    if (slot === this.#lastSlot[flow]) return;
    this.#lastSlot[flow] = slot;
    this.slotsBy[flow]++;
  }

  /** Uncounts a message that its socket refused. */
  unsent(flow: number, isLate: boolean): void {
    this.sentBy[flow]--;
    if (!isLate) this.timelyBy[flow]--;
  }

  /** Counts an answer. */
  answered(flow: number, delay: number, isLate: boolean): void {
    this.answeredBy[flow]++;
    if (isLate || !this.hasDelays) return;
    this.timedBy[flow]++;
    countDelay(this.delaysBy[flow] ??= noDelays(), delay);
  }

  /** Counts a message that is given up; of a flow, the one sent first comes first. */
  gaveUp(flow: number, sentAt: number, isLate: boolean): void {
    this.lostBy[flow]++;
    if (isLate) return;
    this.timelyLostBy[flow]++;
    const slot = this.#slotOf(sentAt);
    if (slot === this.#lastLossySlot[flow]) return;
    this.#lastLossySlot[flow] = slot;
    this.lossySlotsBy[flow]++;
  }

  #slotOf(at: number): number {
    return Math.floor((at - this.#start) / SLOT);
  }
}
