/**
 * A run's figures over time.
 *
 * @module
 */
import type { IntervalEvent } from "../events/mod.ts";

/** A run over time, one entry for each point. */
export interface Series {
  /** When its first interval began, in seconds since 1970. */
  began: number;
  /** Seconds from the start of measuring to the end of the point's intervals. */
  time: number[];
  /** Their end on the clock, in seconds since 1970. */
  clock: number[];
  /** Messages received a second. */
  rate: number[];
  /** Of several intervals, the lowest rate; absent where each point is one. */
  lowestRate?: number[];
  /** Median delay in microseconds; of several intervals, the worst one's. */
  p50: (number | null)[];
  /** 99th percentile in microseconds; of several intervals, the worst one's. */
  p99: (number | null)[];
  /** Longest delay in microseconds. */
  max: (number | null)[];
  /**
   * Percent of the messages sent then that were lost, from 0 to 100; of several
   * intervals, the worst one's. It is `null` where none was sent, and where the
   * input has more lost than sent; absent where none can be lost.
   */
  loss?: (number | null)[];
  /** The same over all of several intervals; absent where each point is one. */
  meanLoss?: (number | null)[];
  /** With STAMP: the same for each way. */
  out?: WaySeries;
  back?: WaySeries;
  /** With STAMP: the 99th percentile of the reflector's own time; of several seconds, the worst one's. */
  reflector?: (number | null)[];
}

/** One way over time. */
export interface WaySeries {
  /** Percent of the messages sent then that were lost on it; of several intervals, the worst one's; `null` where that is unknown. */
  loss: (number | null)[];
  /** 99th percentile of the delay beyond the fastest; of several seconds, the worst one's. */
  p99: (number | null)[];
}

const WAYS = ["out", "back"] as const;

const round = (number: number) => Number(number.toPrecision(4));

/** Seconds, to a millisecond. */
const exact = (seconds: number) => Math.round(1e3 * seconds) / 1e3;

/**
 * Whether an interval has more lost than sent. Its client then counted losses when
 * they timed out, and no share of loss can be computed.
 */
export function hasMoreLostThanSent(
  { lost = 0, messages_sent }: IntervalEvent,
): boolean {
  return lost > messages_sent;
}

/** The share lost of all that some intervals sent, in percent. */
function lossOf(intervals: readonly IntervalEvent[]): number | null {
  let lost = 0;
  let sent = 0;
  for (const interval of intervals) {
    if (hasMoreLostThanSent(interval)) return null;
    lost += interval.lost ?? 0;
    sent += interval.messages_sent;
  }
  return sent === 0 ? null : round(100 * lost / sent);
}

/** The share lost on one way of what an interval sent, in percent. */
function lossOn(
  way: "out" | "back",
  interval: IntervalEvent,
): number | null {
  const lost = interval.directions?.[way].lost;
  if (lost === undefined || hasMoreLostThanSent(interval)) return null;
  const sent = interval.messages_sent;
  return sent === 0 ? null : round(100 * lost / sent);
}

function worst(figures: (number | null | undefined)[]): number | null {
  const known = figures.flatMap((figure) => figure ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/**
 * A run's intervals as a series of at most so many points. Where a point stands
 * for several, its delays and its loss are those of the worst: percentiles cannot
 * be averaged, and a bad second must show.
 */
export function seriesOf(
  intervals: readonly IntervalEvent[],
  points: number,
): Series | undefined {
  if (intervals.length === 0) return undefined;
  const canLose = intervals.some(({ lost }) => lost !== undefined);
  const each = Math.ceil(intervals.length / points);
  const series: Series = {
    began: exact(Date.parse(intervals[0].began) / 1e3),
    time: [],
    clock: [],
    rate: [],
    p50: [],
    p99: [],
    max: [],
  };
  if (canLose) series.loss = [];
  if (intervals.some(({ directions }) => directions)) {
    for (const way of WAYS) series[way] = { loss: [], p99: [] };
    series.reflector = [];
  }
  if (each > 1) {
    series.lowestRate = [];
    if (canLose) series.meanLoss = [];
  }
  for (let i = 0; i < intervals.length; i += each) {
    const part = intervals.slice(i, i + each);
    const last = part[part.length - 1];
    const sum = (read: (interval: IntervalEvent) => number) =>
      part.reduce((total, interval) => total + read(interval), 0);
    const rateOf = (received: number, microseconds: number) =>
      round(received / (microseconds / 1e6));
    series.time.push(exact(last.elapsed_us / 1e6));
    series.clock.push(
      exact(Date.parse(last.began) / 1e3 + last.interval_us / 1e6),
    );
    series.rate.push(rateOf(
      sum(({ messages_received }) => messages_received),
      sum(({ interval_us }) => interval_us),
    ));
    series.lowestRate?.push(Math.min(
      ...part.map(({ messages_received, interval_us }) =>
        rateOf(messages_received, interval_us)
      ),
    ));
    series.p50.push(worst(part.map(({ rtt_us }) => rtt_us?.p50)));
    series.p99.push(worst(part.map(({ rtt_us }) => rtt_us?.p99)));
    series.max.push(worst(part.map(({ rtt_us }) => rtt_us?.max)));
    series.loss?.push(
      part.some(hasMoreLostThanSent)
        ? null
        : worst(part.map((interval) => lossOf([interval]))),
    );
    series.meanLoss?.push(lossOf(part));
    for (const way of WAYS) {
      series[way]?.loss.push(
        worst(part.map((interval) => lossOn(way, interval))),
      );
      series[way]?.p99.push(
        worst(
          part.map(({ directions }) => directions?.[way].variation_us?.p99),
        ),
      );
    }
    series.reflector?.push(
      worst(part.map(({ directions }) => directions?.reflector_us?.p99)),
    );
  }
  return series;
}
