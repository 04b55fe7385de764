/**
 * A run under load over time, phase by phase.
 *
 * @module
 */
import type { LoadIntervalEvent, LoadPhaseName } from "../events/mod.ts";

/** A phase over time, one entry for each point. */
export interface LoadSeries {
  /** Which phase. */
  phase: LoadPhaseName;
  /** Seconds from the start of measuring to the end of the point. */
  time: number[];
  /** Median delay in microseconds; of several intervals, the worst one's. */
  p50: (number | null)[];
}

/** The phases of a run, each over time; in all, at most about so many points. */
export function loadSeriesOf(
  intervals: readonly LoadIntervalEvent[],
  points: number,
): LoadSeries[] | undefined {
  if (intervals.length === 0) return undefined;
  const each = Math.ceil(intervals.length / points);
  const phases = Map.groupBy(intervals, ({ phase }) => phase);
  return [...phases].map(([phase, all]) => {
    const series: LoadSeries = { phase, time: [], p50: [] };
    for (let i = 0; i < all.length; i += each) {
      const part = all.slice(i, i + each);
      const known = part.flatMap(({ rtt_us }) => rtt_us?.p50 ?? []);
      series.time.push(
        Number((part[part.length - 1].elapsed_us / 1e6).toPrecision(4)),
      );
      series.p50.push(known.length === 0 ? null : Math.max(...known));
    }
    return series;
  });
}
