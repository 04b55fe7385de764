/**
 * The horizontal scale of the charts over time: the clock, or the time since each
 * run's start.
 *
 * @module
 */
import { formatExactDuration } from "../../text/format.ts";
import { listedOutages } from "../outages.ts";
import type { PageRun } from "../page_data.ts";
import type { Series } from "../series.ts";
import type { Overlay } from "./overlay.ts";
import {
  DAY,
  formatClock,
  formatDay,
  formatMoment,
  timeMarks,
  timeStep,
  type Zone,
  zoneName,
} from "./clock.ts";

/** What is shown: a clock, or the time since each run's start. */
export type TimeScale = Zone | "start";

/** How charts over time show their x values, in seconds. */
export interface TimeAxis {
  /** What the axis is called. */
  title: string;
  /** Whether it is a clock, with dates. */
  isClock: boolean;
  /** The marks, for a range with room for so many. */
  marks(min: number, max: number, most: number): number[];
  /** The marks' labels; a second line has the day where it begins. */
  labels(marks: readonly number[]): string[];
  /** A moment in full. */
  format(value: number): string;
}

/** The axis of a scale. */
export function timeAxis(scale: TimeScale, from: number): TimeAxis {
  if (scale === "start") {
    const format = (seconds: number) =>
      formatExactDuration(1e6 * Math.round(1e3 * seconds) / 1e3);
    return {
      title: "since the run's start",
      isClock: false,
      marks: (min, max, most) =>
        max - min < most
          ? fractions(min, max, most)
          : timeMarks(min, max, timeStep(min, max, most)),
      labels: (marks) => marks.map(format),
      format,
    };
  }
  return {
    title: zoneName(scale, from),
    isClock: true,
    marks: (min, max, most) =>
      timeMarks(min, max, timeStep(min, max, most), scale),
    labels: (marks) =>
      marks.map((mark, i) => {
        const step = marks.length < 2 ? 1 : marks[1] - marks[0];
        const day = formatDay(scale, mark);
        if (step >= DAY) return day;
        const clock = formatClock(scale, mark, step);
        return i === 0 || day !== formatDay(scale, marks[i - 1])
          ? `${clock}\n${day}`
          : clock;
      }),
    format: (value) => formatMoment(scale, value),
  };
}

/** Marks below a second: 0.1, 0.2 or 0.5 s apart. */
function fractions(min: number, max: number, most: number): number[] {
  const least = Math.max((max - min) / Math.max(most, 1), 0.001);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((digit) => digit * power >= least)!;
  return timeMarks(min, max, step);
}

/** The x values of a run's points. */
export function timesOf(series: Series, scale: TimeScale): number[] {
  return scale === "start" ? series.time : series.clock;
}

/** The start of a run's measuring as x value. */
export function startOf(series: Series, scale: TimeScale): number {
  return scale === "start" ? 0 : series.began;
}

/** What lies over the lines of a run: its outages, and where its connections were lost. */
export function overlayOf(
  run: PageRun,
  index: number,
  scale: TimeScale,
): Overlay {
  const { outages } = listedOutages(run);
  // Where nothing was answered at all, a band would cover everything.
  const isSeen = run.measurements?.messages_received !== 0;
  return {
    run: index,
    bands: (isSeen ? outages : []).map(({ began, outage_us }) => {
      const from = momentOf(began, run, scale);
      return [from, from + outage_us / 1e6];
    }),
    marks: run.disconnections.map(({ time }) => momentOf(time, run, scale)),
  };
}

function momentOf(
  time: string,
  { series }: PageRun,
  scale: TimeScale,
): number {
  const at = Date.parse(time) / 1e3;
  return scale === "start" ? at - (series?.began ?? at) : at;
}

/**
 * Whether runs are best shown on a clock: those at other times, next to each
 * other, would leave most of a chart empty.
 */
export function sharesClock(runs: readonly PageRun[]): boolean {
  const spans = runs.flatMap(({ series }) =>
    series ? [[series.began, series.clock[series.clock.length - 1]]] : []
  );
  if (spans.length === 0) return true;
  const from = Math.min(...spans.map(([began]) => began));
  const to = Math.max(...spans.map(([, ended]) => ended));
  const longest = Math.max(...spans.map(([began, ended]) => ended - began));
  return to - from <= 2 * longest;
}
