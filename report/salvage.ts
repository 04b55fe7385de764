/**
 * What is left of a run that was cut off: its delays and its outages, from what it
 * told on the way.
 *
 * @module
 */
import { Histogram } from "../measure/histogram.ts";
import { longestOutages } from "../measure/outages.ts";
import { mergeDelays } from "../measure/round_trips.ts";
import { describeError } from "../net/errors.ts";
import type {
  DelaySummary,
  IntervalEvent,
  Outage,
  OutageBeganEvent,
  OutageEndedEvent,
  OutageSummary,
} from "../events/mod.ts";
import type { Problem, Salvaged } from "./runs.ts";

/** What is wrong with the histogram of some delays; `undefined` where nothing is. */
export async function histogramFault(
  { histogram, count }: DelaySummary,
): Promise<string | undefined> {
  if (histogram === undefined) return undefined;
  try {
    const { total } = await Histogram.decode(histogram);
    if (total === count) return undefined;
    return `it holds ${total} delays, and the line says ${count}`;
  } catch (error) {
    return describeError(error);
  }
}

/** Collects what a run tells on the way. */
export class Salvage {
  readonly #delays = new ToldDelays();
  readonly #outages = new ToldOutages();

  /** An interval. It is kept without histograms, which would fill memory. */
  interval(event: IntervalEvent, line: number): void {
    this.#delays.interval(event, line);
    delete event.rtt_us?.histogram;
    delete event.rtt_so_far_us;
  }

  outageBegan(event: OutageBeganEvent): void {
    this.#outages.began(event);
  }

  outageEnded(event: OutageEndedEvent & { omitted?: number }): void {
    this.#outages.ended(event);
  }

  /**
   * What there is.
   *
   * @param intervals The run's intervals.
   */
  async finish(
    intervals: readonly IntervalEvent[],
  ): Promise<{ salvaged: Salvaged; problem?: Omit<Problem, "file"> }> {
    const { problem, ...delays } = await this.#delays.merge();
    const outages = this.#outages.summary(intervals);
    return { salvaged: { ...delays, outages }, problem };
  }
}

/** Round trips with their histogram, and the line that has them. */
interface Part {
  delays: DelaySummary;
  line: number;
}

/**
 * The delays of a run: of its intervals where each has a histogram, else of the
 * last one that has one of all round trips so far.
 */
class ToldDelays {
  #parts: Part[] = [];
  /** From the start of measuring to the end of what the parts cover. */
  #until = 0;
  #hasGap = false;

  interval(
    { rtt_us, rtt_so_far_us, elapsed_us }: IntervalEvent,
    line: number,
  ): void {
    if (rtt_so_far_us?.histogram !== undefined) {
      this.#parts = [{ delays: { ...rtt_so_far_us }, line }];
      this.#hasGap = false;
    } else if (rtt_us !== undefined) {
      if (rtt_us.histogram === undefined) this.#hasGap = true;
      else if (!this.#hasGap) this.#parts.push({ delays: { ...rtt_us }, line });
    }
    if (!this.#hasGap) this.#until = elapsed_us;
  }

  async merge(): Promise<
    Pick<Salvaged, "rtt_us" | "rtt_until_us"> & {
      problem?: Omit<Problem, "file">;
    }
  > {
    for (const { delays, line } of this.#parts) {
      const fault = await histogramFault(delays);
      if (fault !== undefined) {
        const message = `its histogram cannot be used: ${fault}`;
        return { problem: { line, message } };
      }
    }
    const rtt_us = await mergeDelays(this.#parts.map(({ delays }) => delays));
    return this.#hasGap && rtt_us !== undefined
      ? { rtt_us, rtt_until_us: this.#until }
      : { rtt_us };
  }
}

/** The outages of a run, from its events, of which short ones may be omitted. */
class ToldOutages {
  #count = 0;
  #total = 0;
  #longest = 0;
  #listed: Outage[] = [];
  /** The last one that began, while it is not known to have ended. */
  #open: OutageBeganEvent | undefined;
  /** Outages of unknown length. */
  #untold = 0;

  began(event: OutageBeganEvent): void {
    this.#open = event;
  }

  ended(
    {
      began,
      ended,
      outage_us,
      uncertainty_us,
      first_sequence,
      last_sequence,
      omitted = 0,
    }:
      & OutageEndedEvent
      & { omitted?: number },
  ): void {
    this.#open = undefined;
    this.#untold += omitted;
    this.#add({
      began,
      ended,
      outage_us,
      uncertainty_us,
      first_sequence,
      last_sequence,
    });
  }

  #add(outage: Outage): void {
    this.#count++;
    this.#total += outage.outage_us;
    this.#longest = Math.max(this.#longest, outage.outage_us);
    this.#listed = longestOutages([...this.#listed, outage]);
  }

  /** All of them; `undefined` where the run could not see any. */
  summary(intervals: readonly IntervalEvent[]): OutageSummary | undefined {
    this.#close(intervals);
    const canLose = intervals.some(({ lost }) => lost !== undefined);
    if (!canLose && this.#count + this.#untold === 0) return undefined;
    const span = intervals.length === 0
      ? 0
      : endOf(intervals[intervals.length - 1]) -
        Date.parse(intervals[0].began);
    return {
      count: this.#count + this.#untold,
      total_us: this.#total,
      longest_us: this.#longest,
      // What was not told has no length.
      availability_percent: span <= 0 || this.#untold > 0
        ? undefined
        : Math.round(1e6 * Math.max(1 - this.#total / 1e3 / span, 0)) / 1e4,
      listed: this.#listed,
    };
  }

  /**
   * Ends the one that has begun where its intervals end in which nothing was
   * answered. Where a later one has answers, its end was omitted.
   */
  #close(intervals: readonly IntervalEvent[]): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { began, uncertainty_us, first_sequence } = open;
    const from = Date.parse(began);
    let until = from;
    for (const interval of intervals) {
      if (endOf(interval) <= from) continue;
      const isDown = interval.lost === interval.messages_sent;
      if (isDown) until = endOf(interval);
      else if (Date.parse(interval.began) >= from) {
        this.#untold++;
        return;
      }
    }
    this.#add({
      began,
      outage_us: 1e3 * (until - from),
      is_lower_bound: true,
      uncertainty_us,
      first_sequence,
    });
  }
}

/** When an interval ended, in milliseconds since 1970. */
function endOf({ began, interval_us }: IntervalEvent): number {
  return Date.parse(began) + interval_us / 1e3;
}
