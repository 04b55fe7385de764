/**
 * Outages: when nothing came back, and for how long.
 *
 * @module
 */
import type { Outage, OutageSummary } from "../events/mod.ts";
import { between, wallTime } from "../net/clock.ts";

/** The longest outages that a summary lists; the rest is counted. */
const LISTED = 100;

/** A flow has gone down, or come up again. */
export interface FlowChange {
  readonly isDown: boolean;
  /** When the message that shows it was sent. */
  readonly at: number;
  /** How long before, in microseconds, it may have been so; `undefined` where that is unknown. */
  readonly gap: number | undefined;
  /** The message that shows it. */
  readonly sequence: number;
}

/** An outage that has begun. */
interface Open {
  readonly from: number;
  readonly gap: number | undefined;
  readonly firstSequence: number;
}

/** What a run is told of its outages as they come and go. */
export type OutageChange =
  | { isDown: true; outage: Omit<Outage, "ended" | "outage_us"> }
  | { isDown: false; outage: Outage };

/**
 * Finds the outages of a run. One lasts from the first lost message to the first
 * answered one, in the order of their sending; with several flows, while all are
 * down. A message that could not be sent is lost to it, too.
 *
 * Messages are told in the order of sending for each flow, once their fate is
 * known; flows need not be in step with each other.
 */
export class Outages {
  /** For each flow: whether it is down, and when its last lost and last answered message was sent. */
  readonly #isDown: Uint8Array;
  readonly #lostAt: Float64Array;
  readonly #answeredAt: Float64Array;
  /** When the first message was sent. */
  #firstAt = Infinity;
  /** Changes that other flows have not reached yet. */
  readonly #changes: FlowChange[] = [];
  /** Flows that are down. */
  #down = 0;
  #open: Open | undefined;
  #count = 0;
  #total = 0;
  #longest = 0;
  /** The longest ones. */
  #listed: Outage[] = [];

  /** @param flows The number of flows. */
  constructor(flows: number) {
    this.#isDown = new Uint8Array(flows);
    this.#lostAt = new Float64Array(flows).fill(NaN);
    this.#answeredAt = new Float64Array(flows).fill(NaN);
  }

  /** Whether one has begun and not ended. */
  get isDown(): boolean {
    return this.#open !== undefined;
  }

  /** The next message of a flow was answered, whether intact or not. */
  answered(flow: number, sequence: number, sentAt: number): void {
    this.#firstAt = Math.min(this.#firstAt, sentAt);
    if (this.#isDown[flow] === 1) {
      this.#isDown[flow] = 0;
      const gap = sentAt - this.#lostAt[flow];
      this.#changes.push({ isDown: false, at: sentAt, gap, sequence });
    }
    this.#answeredAt[flow] = sentAt;
  }

  /** The next message of a flow was lost, or could not be sent. */
  lost(flow: number, sequence: number, sentAt: number): void {
    this.#firstAt = Math.min(this.#firstAt, sentAt);
    if (this.#isDown[flow] === 0) {
      this.#isDown[flow] = 1;
      const since = sentAt - this.#answeredAt[flow];
      const gap = Number.isNaN(since) ? undefined : since;
      this.#changes.push({ isDown: true, at: sentAt, gap, sequence });
    }
    this.#lostAt[flow] = sentAt;
  }

  /** When the first message was sent; `Infinity` before it. */
  get firstAt(): number {
    return this.#firstAt;
  }

  /**
   * Hands over what its flows did, to be settled together with those of other
   * threads.
   *
   * @param zero The time from which times are told.
   */
  handOver(zero: number): FlowChange[] {
    return this.#changes.splice(0).map((change) => ({
      ...change,
      at: change.at - zero,
    }));
  }

  /** Takes over what flows of another thread did: the counterpart of {@linkcode handOver}. */
  takeOver(
    changes: readonly FlowChange[],
    firstAt: number,
    zero: number,
  ): void {
    this.#firstAt = Math.min(this.#firstAt, firstAt + zero);
    for (const change of changes) {
      this.#changes.push({ ...change, at: change.at + zero });
    }
  }

  /**
   * Settles what all flows have reached.
   *
   * @param until All messages sent before this time have been told.
   * @returns The outages that have begun and ended, in order.
   */
  settle(until: number): OutageChange[] {
    if (this.#changes.length === 0) return [];
    this.#changes.sort((one, other) => one.at - other.at);
    const settled = this.#changes.findIndex(({ at }) => at >= until);
    const count = settled === -1 ? this.#changes.length : settled;
    return this.#changes.splice(0, count).flatMap((change) =>
      this.#apply(change) ?? []
    );
  }

  #apply(change: FlowChange): OutageChange | undefined {
    const flows = this.#isDown.length;
    const wasDown = this.#down === flows;
    this.#down += change.isDown ? 1 : -1;
    if (this.#down === flows) return this.#begin(change);
    if (wasDown) return this.#end(change);
  }

  #begin({ at, gap, sequence }: FlowChange): OutageChange {
    const open = this.#open = { from: at, gap, firstSequence: sequence };
    return { isDown: true, outage: this.#headOf(open) };
  }

  #end({ at, gap = 0, sequence }: FlowChange): OutageChange {
    const open = this.#open!;
    this.#open = undefined;
    const length = between(open.from, at);
    const outage: Outage = {
      ...this.#headOf(open),
      ended: wallTime(at).toISOString(),
      outage_us: length,
      uncertainty_us: between(0, Math.max(open.gap ?? 0, gap)),
      last_sequence: this.#isAlone ? sequence - 1 : undefined,
    };
    this.#add(outage);
    return { isDown: false, outage };
  }

  #headOf({ from, gap, firstSequence }: Open): Omit<Outage, "outage_us"> {
    return {
      began: wallTime(from).toISOString(),
      uncertainty_us: gap === undefined ? undefined : between(0, gap),
      first_sequence: this.#isAlone ? firstSequence : undefined,
    };
  }

  /** Sequence numbers belong to a flow: with several, no one names an outage. */
  get #isAlone(): boolean {
    return this.#isDown.length === 1;
  }

  #add(outage: Outage): void {
    this.#count++;
    this.#total += outage.outage_us;
    this.#longest = Math.max(this.#longest, outage.outage_us);
    this.#listed = longestOutages([...this.#listed, outage]);
  }

  /**
   * All outages of a run so far. One that has not ended is counted up to the end.
   *
   * @param end When the run ended.
   */
  summary(end: number): OutageSummary {
    const open = this.#open;
    const ongoing: Outage | undefined = open && {
      ...this.#headOf(open),
      outage_us: Math.max(between(open.from, end), 0),
      is_lower_bound: true,
    };
    const length = ongoing?.outage_us ?? 0;
    const total = this.#total + length;
    const span = end - this.#firstAt;
    return {
      count: this.#count + (ongoing ? 1 : 0),
      total_us: between(0, total),
      longest_us: Math.max(this.#longest, length),
      availability_percent: span > 0
        ? Math.round(1e6 * Math.max(1 - total / span, 0)) / 1e4
        : undefined,
      listed: ongoing
        ? longestOutages([...this.#listed, ongoing])
        : this.#listed,
    };
  }
}

/** The longest outages, in order of time, if there is one more than are listed. */
export function longestOutages(outages: Outage[]): Outage[] {
  if (outages.length <= LISTED) return outages;
  const shortest = outages.reduce((least, each) =>
    each.outage_us < least.outage_us ? each : least
  );
  return outages.filter((each) => each !== shortest);
}
