/// <reference lib="dom" />
/**
 * The charts of a report: the delays of the selected runs, and their figures over
 * time.
 *
 * @module
 */
import {
  formatBitRate,
  formatByteRate,
  formatDuration,
  formatRate,
} from "../../text/format.ts";
import { METRICS, shareOf } from "../../measure/metrics.ts";
import type { DelaySummary, FlowFigures } from "../../events/mod.ts";
import type { PageRun } from "../page_data.ts";
import { Chart, type ChartLine, type Timeline } from "./chart.ts";
import { curvesOf, type DelayCurves, scalePoint } from "./delays.ts";
import { element } from "./dom.ts";
import {
  overlayOf,
  startOf,
  timeAxis,
  type TimeScale,
  timesOf,
} from "./timeline.ts";

/** Marks of a percentile scale: one message in so many is beyond. */
const TAIL_MARKS = [2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

/** `99.9 %` for one in a thousand. */
function percentileName(oneIn: number): string {
  const percent = 100 - 100 / oneIn;
  const digits = Math.max(Math.ceil(Math.log10(oneIn)) - 2, 0);
  return `${percent.toFixed(digits)} %`;
}

const percent = (value: number) => `${Number(value.toPrecision(2))} %`;
const bytes = (value: number) => `${Math.round(value)} B`;
const port = (value: number) => String(Math.round(value));

/** The most runs whose accompanying, dotted lines are drawn: more would hide each other. */
const FEW_RUNS = 4;

/** A line's colour and name for all runs together. */
const TOGETHER = { run: -1, label: "all together" };

/** All charts. */
export class Charts {
  /** The charts of delays. */
  readonly delays: HTMLElement;
  /** The charts over time. */
  readonly overTime: HTMLElement;
  /** The charts over sizes. */
  readonly bySize: HTMLElement;

  /** The charts of flows. */
  readonly flows: HTMLElement;

  readonly #runs: PageRun[];
  readonly #curves: Map<PageRun, Promise<DelayCurves | undefined>> = new Map();
  readonly #percentiles = new Chart({
    title: "Percentiles",
    caption: "How long the slowest took: half of the messages on the left, " +
      "the slowest one in ten, in a hundred, in a thousand to the right.",
    x: { isLog: true, format: percentileName, marks: TAIL_MARKS },
    y: { isLog: true, format: formatDuration },
  });
  readonly #histogram = new Chart({
    title: "Histogram",
    caption: "The share of the messages by their round-trip delay.",
    x: { isLog: true, format: formatDuration },
    y: { isLog: false, format: percent },
    steps: "after",
  });
  readonly #rate = new Chart({
    title: "Rate",
    caption:
      "Messages back a second; of up to four long runs, dotted the lowest of several intervals.",
    y: { isLog: false, format: formatRate },
    steps: "before",
  });
  readonly #delayOverTime = new Chart({
    title: "Delay",
    caption:
      "The 99th percentile, and of up to four runs dotted the longest and the median; of a long run, those of the worst interval of several.",
    y: { isLog: true, format: formatDuration },
    steps: "before",
  });
  readonly #loss = new Chart({
    title: "Loss",
    caption:
      "The share of the messages without an answer in time, by when they were sent; of a long run, that of the worst interval of several, and of up to four runs dotted of all.",
    y: { isLog: false, format: percent },
    steps: "before",
  });

  readonly #flowLoss = new Chart({
    title: "Loss by source port",
    caption:
      "The share of its messages that each flow lost; ringed where it fares worse than the rest.",
    x: { isLog: false, isTight: true, format: port },
    y: { isLog: false, format: percent },
  });
  readonly #flowDelay = new Chart({
    title: "Median by source port",
    caption:
      "The median of each flow's round trips; ringed where it fares worse than the rest.",
    x: { isLog: false, isTight: true, format: port },
    y: { isLog: true, format: formatDuration },
  });
  readonly #variation = new Chart({
    title: "Delay each way",
    caption:
      "The 99th percentile of the delay beyond the fastest, on the way out, dotted on the way back, and of up to four runs within the reflector.",
    y: { isLog: true, format: formatDuration },
    steps: "before",
  });
  readonly #lossEachWay = new Chart({
    title: "Loss each way",
    caption:
      "The share of the messages lost on the way out, and dotted on the way back; of a long run, that of the worst interval of several.",
    y: { isLog: false, format: percent },
    steps: "before",
  });

  readonly #delayBySize = new Chart({
    title: "Delay by size",
    caption: "The 99th percentile, and dotted the median, of each size.",
    x: { isLog: true, format: bytes },
    y: { isLog: true, format: formatDuration },
  });
  readonly #throughputBySize = new Chart({
    title: "Throughput by size",
    caption: "Bytes of messages back a second; one way, sent or received.",
    x: { isLog: true, format: bytes },
    y: {
      isLog: false,
      format: formatByteRate,
      formatMark: formatBitRate,
    },
  });

  constructor(runs: PageRun[]) {
    this.#runs = runs;
    this.delays = element(
      "div",
      { className: "charts" },
      this.#percentiles.element,
      this.#histogram.element,
    );
    this.overTime = element(
      "div",
      { className: "charts" },
      this.#rate.element,
      this.#delayOverTime.element,
      this.#loss.element,
      // Only a run with STAMP tells the ways apart.
      ...runs.some(({ series }) => series?.out)
        ? [this.#variation.element, this.#lossEachWay.element]
        : [],
    );
    this.flows = element(
      "div",
      { className: "charts" },
      this.#flowLoss.element,
      this.#flowDelay.element,
    );
    this.bySize = element(
      "div",
      { className: "charts" },
      this.#delayBySize.element,
      this.#throughputBySize.element,
    );
  }

  #drawFlows(shown: { run: PageRun; index: number }[]): void {
    const lines = (
      by: NonNullable<FlowFigures["worse_by"]>[number],
      read: (flow: FlowFigures) => number | undefined,
    ): ChartLine[] =>
      shown.flatMap(({ run, index }) => {
        const flows = run.measurements?.measured?.flows?.each ?? [];
        const line = (
          flows: FlowFigures[],
          label: string,
          dots: ChartLine["dots"],
        ): ChartLine[] => {
          const points = flows.flatMap((flow): [number, number][] => {
            const value = read(flow);
            return value === undefined ? [] : [[flow.local_port, value]];
          }).toSorted(([one], [other]) => one - other);
          return points.length === 0
            ? []
            : [{ label, run: index, points, dots }];
        };
        const worse = flows.filter(({ worse_by }) => worse_by?.includes(by));
        return [
          ...line(flows, run.name, "dots"),
          ...line(worse, `${run.name}, worse than the rest`, "rings"),
        ];
      });
    this.#flowLoss.draw(
      lines("loss", ({ lost, sent }) => lost && shareOf(lost, sent)),
    );
    this.#flowDelay.draw(lines("delay", ({ p50_us }) => p50_us || undefined));
  }

  /**
   * Draws the selected runs, and where there are several all together.
   *
   * @param scale What the charts over time show their times in.
   */
  async draw(
    selected: ReadonlySet<PageRun>,
    together: DelaySummary | undefined,
    scale: TimeScale,
  ): Promise<void> {
    const shown = this.#runs.map((run, index) => ({ run, index }))
      .filter(({ run }) => selected.has(run));
    this.#drawOverTime(shown, scale);
    this.#drawFlows(shown);
    this.#drawBySize(shown);

    const curves: [Omit<ChartLine, "points">, DelayCurves][] = [];
    for (const { run, index } of shown) {
      const curve = await this.#curvesOf(run);
      if (curve) curves.push([{ label: run.name, run: index }, curve]);
    }
    if (together && curves.length > 1) {
      // First, and so beneath the others.
      const curve = await curvesOf(together);
      if (curve) curves.unshift([TOGETHER, curve]);
    }
    this.#percentiles.draw(curves.map(([line, { percentiles }]) => ({
      ...line,
      points: [...percentiles].map(([k, delay]) => [scalePoint(k), delay]),
    })));
    this.#histogram.draw(curves.map(([line, { shares }]) => ({
      ...line,
      points: withZeros(shares).map(([k, share]) => [scalePoint(k), share]),
    })));
  }

  #curvesOf(run: PageRun): Promise<DelayCurves | undefined> {
    const known = this.#curves.get(run);
    if (known) return known;
    const delays = run.measurements?.rtt_us;
    const curves = delays ? curvesOf(delays) : Promise.resolve(undefined);
    this.#curves.set(run, curves);
    return curves;
  }

  /** A line for each sweep, with a point for each of its runs. */
  #drawBySize(shown: { run: PageRun; index: number }[]): void {
    const sweeps = Map.groupBy(
      shown.filter(({ run }) => run.swept !== undefined),
      ({ run }) => run.swept!.sweep,
    );
    const lines = (
      read: (figures: NonNullable<PageRun["measurements"]>) =>
        | number
        | undefined,
      suffix = "",
      isThin = false,
    ): ChartLine[] =>
      [...sweeps].flatMap(([name, runs]) => {
        const points = runs.flatMap(({ run }): [number, number][] => {
          const figure = run.measurements && read(run.measurements);
          return figure === undefined ? [] : [[run.swept!.size, figure]];
        }).toSorted(([one], [other]) => one - other);
        if (points.length === 0) return [];
        return [{ label: name + suffix, run: runs[0].index, points, isThin }];
      });
    this.#delayBySize.draw([
      ...lines(({ rtt_us }) => rtt_us?.p99, " p99"),
      ...lines(({ rtt_us }) => rtt_us?.p50, " p50", true),
    ]);
    this.#throughputBySize.draw(lines(METRICS.throughput.read));
  }

  #drawOverTime(
    shown: { run: PageRun; index: number }[],
    scale: TimeScale,
  ): void {
    const starts = shown.flatMap(({ run: { series } }) =>
      series ? startOf(series, scale) : []
    );
    const from = Math.min(...starts);
    const isFew = shown.length <= FEW_RUNS;
    const timeline: Timeline = {
      axis: timeAxis(scale, from),
      from,
      overlays: shown.map(({ run, index }) => overlayOf(run, index, scale)),
    };
    const lines = (
      read: (series: NonNullable<PageRun["series"]>) =>
        | (number | null)[]
        | undefined,
      name = (run: string) => run,
      isThin = false,
    ): ChartLine[] =>
      shown.flatMap(({ run, index }) => {
        const { series } = run;
        const values = series && read(series);
        if (!values?.some((value) => value !== null)) return [];
        // From the start: a step goes back to the point before.
        const times = [startOf(series!, scale), ...timesOf(series!, scale)];
        const points = times.map((
          time,
          i,
        ): [number, number | null] => [time, values[Math.max(i - 1, 0)]]);
        return [{ label: name(run.name), run: index, points, isThin }];
      });
    this.#rate.draw([
      ...lines(({ rate }) => rate),
      ...isFew
        ? lines(({ lowestRate }) => lowestRate, (run) => `${run} lowest`, true)
        : [],
    ], timeline);
    this.#delayOverTime.draw([
      ...lines(({ p99 }) => p99, (run) => `${run} p99`),
      ...isFew
        ? [
          ...lines(({ max }) => max, (run) => `${run} max`, true),
          ...lines(({ p50 }) => p50, (run) => `${run} p50`, true),
        ]
        : [],
    ], timeline);
    this.#loss.draw([
      ...lines(({ loss }) => loss),
      ...isFew
        ? lines(({ meanLoss }) => meanLoss, (run) => `${run} all`, true)
        : [],
    ], timeline);
    this.#variation.draw([
      ...lines(({ out }) => out?.p99, (source) => `${source} out`),
      ...lines(({ back }) => back?.p99, (source) => `${source} back`, true),
      ...isFew
        ? lines(
          ({ reflector }) => reflector,
          (source) => `${source} reflector`,
          true,
        )
        : [],
    ], timeline);
    this.#lossEachWay.draw([
      ...lines(({ out }) => out?.loss, (source) => `${source} out`),
      ...lines(({ back }) => back?.loss, (source) => `${source} back`, true),
    ], timeline);
  }
}

/** The same with a zero wherever nothing lies between, before and after. */
function withZeros(shares: Map<number, number>): [number, number][] {
  const bins = [...shares.keys()];
  const [first, last] = [Math.min(...bins), Math.max(...bins)];
  return Array.from(
    { length: last - first + 3 },
    (_, i) => [first - 1 + i, shares.get(first - 1 + i) ?? 0],
  );
}
