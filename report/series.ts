/**
 * How a run went, second by second.
 *
 * @module
 */
import type { IntervalEvent } from "../events/mod.ts";

/** A run over time, one entry for each point. */
export interface Series {
  /** Seconds from the start of measuring to the end of what the point stands for. */
  time: number[];
  /** Messages back a second. */
  rate: number[];
  /** Median delay in microseconds; of several seconds, the worst one's. */
  p50: (number | null)[];
  /** 99th percentile in microseconds; of several seconds, the worst one's. */
  p99: (number | null)[];
  /** Percent of the messages sent that were lost; absent where none can be. */
  loss?: number[];
}

const round = (number: number) => Number(number.toPrecision(4));

function worst(delays: (number | undefined)[]): number | null {
  const known = delays.flatMap((delay) => delay ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/**
 * A run's seconds as a series of at most so many points. Where a point stands
 * for several seconds, its rate and loss are those of all of them, and its
 * percentiles those of the worst: percentiles cannot be averaged, and a bad
 * second is what one looks for.
 */
export function seriesOf(
  intervals: readonly IntervalEvent[],
  points: number,
): Series | undefined {
  if (intervals.length === 0) return undefined;
  const canLose = intervals.some(({ lost }) => lost !== undefined);
  const series: Series = { time: [], rate: [], p50: [], p99: [] };
  if (canLose) series.loss = [];
  const each = Math.ceil(intervals.length / points);
  for (let i = 0; i < intervals.length; i += each) {
    const part = intervals.slice(i, i + each);
    const sum = (read: (interval: IntervalEvent) => number) =>
      part.reduce((total, interval) => total + read(interval), 0);
    const seconds = sum(({ interval_us }) => interval_us) / 1e6;
    const sent = sum(({ messages_sent }) => messages_sent);
    series.time.push(round(part[part.length - 1].elapsed_us / 1e6));
    series.rate.push(
      round(sum(({ messages_received }) => messages_received) / seconds),
    );
    series.p50.push(worst(part.map(({ rtt_us }) => rtt_us?.p50)));
    series.p99.push(worst(part.map(({ rtt_us }) => rtt_us?.p99)));
    series.loss?.push(
      round(100 * sum(({ lost = 0 }) => lost) / Math.max(sent, 1)),
    );
  }
  return series;
}
