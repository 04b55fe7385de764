/// <reference lib="dom" />
/**
 * One chart: runs overlaid, redrawn as they are selected.
 *
 * @module
 */
import uPlot from "uplot";
import { trimZeros } from "../../text/format.ts";
import {
  isPaper,
  onColoursChange,
  runColour,
  runDash,
  styleColour,
} from "./colours.ts";
import { element } from "./dom.ts";
import { moveCursor } from "./cursor_keys.ts";
import { LineTable } from "./line_table.ts";
import { lonePoints } from "./lone_points.ts";
import { type Overlay, paintOverlay } from "./overlay.ts";
import type { TimeAxis } from "./timeline.ts";

/** A line of a chart. */
export interface ChartLine {
  /** Its name in the legend. */
  label: string;
  /** The place of its run among all, which gives it its colour; -1 for all together. */
  run: number;
  /** Its points, in the order of x. */
  points: [x: number, y: number | null][];
  /** It accompanies another line of the same run. */
  isThin?: boolean;
  /** Dots instead of a line; `rings` go around the dots of another line. */
  dots?: "dots" | "rings";
}

/** What charts over time have in common. */
export interface Timeline {
  /** Their x axis. */
  axis: TimeAxis;
  /** Where it begins. */
  from: number;
  /** What lies over the lines of each run. */
  overlays: Overlay[];
}

/** How a chart looks. */
export interface ChartStyle {
  /** Its heading. */
  title: string;
  /** What it shows, in a sentence. */
  caption: string;
  /** The form of its x scale, and what x values are called; over time, the timeline says it. */
  x?: {
    isLog: boolean;
    format: (value: number) => string;
    marks?: number[];
    /** Begin a linear scale at its first point instead of 0. */
    isTight?: boolean;
  };
  /** The same for y; its marks may be shorter than its values. */
  y: {
    isLog: boolean;
    format: (value: number) => string;
    formatMark?: (value: number) => string;
  };
  /** Draw from each point to the next as a step; `before`: of the value of the next. */
  steps?: "before" | "after";
}

const HEIGHT = 280;

/**
 * On paper, a chart is drawn this wide and scaled to its place, large enough for
 * the dots of a printer.
 */
const PAPER_WIDTH = 620;
const PAPER_SCALE = 2;

/** How dots look; a ring is hollow. */
const dots = (
  form: "dots" | "rings",
  scale: number,
): uPlot.Series.Points =>
  form === "dots"
    ? { show: true, size: 6 * scale, width: scale }
    : { show: true, size: 15 * scale, width: 2 * scale, fill: "transparent" };

/** Charts over time share a cursor: they have one axis. */
const SHARED_CURSOR = "time";

/** How near the pointer a line is brought out, in pixels. */
const NEAR = 24;

/** Marks of the x scale closer together than this have no room for a label. */
const MARK_WIDTH = 52;

/** The room for a time: `22:28:35`. */
const TIME_MARK_WIDTH = 60;

/** 1, 2, 5, 10, 20, 50 … inside a range. */
function logMarks(min: number, max: number): number[] {
  const marks: number[] = [];
  const wide = Math.log10(max / min) > 3;
  for (let k = Math.floor(Math.log10(min)); 10 ** k <= max; k++) {
    for (const digit of wide ? [1] : [1, 2, 5]) {
      const mark = Number(`${digit}e${k}`);
      if (mark >= min && mark <= max) marks.push(mark);
    }
  }
  return marks;
}

/** A chart on the page. */
export class Chart {
  /** The chart's element. */
  readonly element: HTMLElement;
  readonly #style: ChartStyle;
  readonly #frame: HTMLElement;
  readonly #spoken: HTMLElement;
  readonly #table: LineTable;
  #lines: ChartLine[] = [];
  #timeline: Timeline | undefined;
  #plot: uPlot | undefined;

  constructor(style: ChartStyle) {
    this.#style = style;
    this.#frame = element("div", {
      className: "chart",
      tabIndex: 0,
      role: "group",
      ariaLabel: `${style.title}: arrow keys read the values`,
      onkeydown: (event) => {
        if (this.#plot && moveCursor(this.#plot, event)) this.#speak();
      },
    });
    this.#spoken = element("p", { className: "spoken", ariaLive: "polite" });
    this.#table = new LineTable(style.title);
    this.element = element(
      "figure",
      {},
      element("h3", {}, style.title),
      element("figcaption", {}, style.caption),
      this.#frame,
      this.#spoken,
      this.#table.element,
    );
    onColoursChange(() => this.draw(this.#lines, this.#timeline));
    new ResizeObserver(() => {
      const width = this.#frame.clientWidth;
      if (this.#plot && !isPaper() && width > 0 && width !== this.#plot.width) {
        this.#plot.setSize({ width, height: HEIGHT });
      }
    }).observe(this.#frame);
  }

  /** Replaces the lines; without any, the chart is hidden. */
  draw(lines: ChartLine[], timeline?: Timeline): void {
    this.#lines = lines;
    this.#timeline = timeline;
    this.#plot?.destroy();
    this.#plot = undefined;
    this.element.hidden = lines.length === 0;
    if (lines.length === 0) return;
    const data = uPlot.join(
      lines.map(({ points }) =>
        [
          points.map(([x]) => x),
          points.map(([, y]) => y),
        ] as uPlot.AlignedData
      ),
    );
    this.#plot = new uPlot(this.#options(), data, this.#frame);
    const canvas = this.#frame.querySelector("canvas")!;
    canvas.setAttribute("role", "img");
    const legend = this.#frame.querySelector<HTMLElement>(".u-legend")!;
    if (legend.scrollHeight > legend.clientHeight) legend.tabIndex = 0;
    const marked = timeline?.overlays.some(({ bands, marks }) =>
      bands.length + marks.length > 0
    );
    canvas.setAttribute(
      "aria-label",
      `${this.#style.title}: ${lines.map(({ label }) => label).join(", ")}` +
        (marked ? "; with the outages that are listed above" : ""),
    );
    this.#table.show(
      lines,
      timeline?.axis.format ?? this.#style.x!.format,
      this.#style.y.format,
    );
  }

  /** Tells a screen reader the values at the cursor. */
  #speak(): void {
    const labels = this.#frame.querySelectorAll(".u-series");
    const texts = [...labels].map((label) => {
      const name = label.querySelector(".u-label")!.textContent;
      return [name, label.querySelector(".u-value")!.textContent];
    }).filter(([, value]) => value !== NO_VALUE);
    this.#spoken.textContent = texts.map((text) => text.join(" ")).join(", ");
  }

  #options(): uPlot.Options {
    const { y, steps } = this.#style;
    const scale = isPaper() ? PAPER_SCALE : 1;
    const lines = this.#lines;
    const timeline = this.#timeline;
    const x = timeline ? ofTime(timeline.axis) : ofValues(this.#style.x!);
    const grid = { stroke: styleColour("--line"), width: scale };
    const axis = {
      stroke: styleColour("--muted"),
      font: `${12 * scale}px ${styleColour("--font")}`,
      grid,
      ticks: { ...grid, size: 10 * scale },
      gap: 5 * scale,
    };
    return {
      width: isPaper()
        ? PAPER_WIDTH * scale
        : Math.max(this.#frame.clientWidth, 200),
      height: HEIGHT * scale,
      // The last label of a clock may stand at the very end.
      padding: [
        null,
        timeline?.axis.isClock ? TIME_MARK_WIDTH * scale / 2 : null,
        null,
        null,
      ],
      cursor: {
        drag: { x: true, y: false },
        focus: { prox: NEAR },
        ...timeline && {
          sync: { key: SHARED_CURSOR, scales: ["x", null] },
        },
      },
      focus: { alpha: 0.25 },
      legend: {
        markers: {
          dash: (plot, i) =>
            lines[i - 1]?.isThin
              ? "dotted"
              : plot.series[i].dash?.length
              ? "dashed"
              : "solid",
        },
      },
      scales: {
        x: {
          time: false,
          distr: x.isLog ? 3 : 1,
          range: (_, min, max) =>
            timeline
              ? [Math.min(timeline.from, min), max]
              : !x.isLog
              ? x.isTight ? [min - 1, max + 1] : [0, max]
              : max > min
              ? [min, max]
              : [min * 0.9, max * 1.1],
        },
        y: {
          distr: y.isLog ? 3 : 1,
          range: (_, min, max) =>
            y.isLog
              ? [(min || 1) * 0.9, (max || 10) * 1.1]
              : [0, max > 0 ? max * 1.05 : 1],
        },
      },
      axes: [
        {
          ...axis,
          label: timeline?.axis.title,
          labelSize: 20 * scale,
          labelFont: axis.font,
          size: (x.lines === 2 ? 54 : 40) * scale,
          splits: x.marks &&
            ((plot, _, min, max) =>
              x.marks!(
                min,
                max,
                Math.floor(
                  plot.bbox.width /
                    devicePixelRatio / (x.markWidth * scale),
                ),
              )),
          filter: (_, splits) => splits,
          values: (plot, splits) => {
            let end = -Infinity;
            return x.labels(splits).map((label, i) => {
              const position = plot.valToPos(splits[i], "x");
              if (position - end < MARK_WIDTH * scale) return null;
              end = position;
              return label;
            });
          },
        },
        {
          ...axis,
          size: 76 * scale,
          splits: y.isLog ? (_, __, min, max) => logMarks(min, max) : undefined,
          filter: (_, splits) => splits,
          values: (_, splits) =>
            splits.map((value) => trimZeros((y.formatMark ?? y.format)(value))),
        },
      ],
      series: [
        { label: "at", value: (_, value) => shown(value, x.format) },
        ...lines.map((line): uPlot.Series => ({
          label: line.label,
          stroke: line.run < 0 ? styleColour("--band") : runColour(line.run),
          dash: (line.isThin ? [3, 4] : runDash(Math.max(line.run, 0)))
            ?.map((length) => length * scale),
          width: (line.run < 0 ? 7 : line.isThin ? 1.5 : 2) * scale,
          spanGaps: false,
          paths: line.dots
            ? () => null
            : steps
            ? uPlot.paths.stepped!({ align: steps === "before" ? -1 : 1 })
            : undefined,
          points: line.dots ? dots(line.dots, scale) : {
            show: false,
            filter: (plot, index) => {
              const lone = lonePoints(plot.data[index]);
              return lone.length > 0 ? lone : null;
            },
          },
          value: (_, value) => shown(value, y.format),
        })),
      ],
      hooks: timeline && {
        // Beneath the lines.
        drawClear: [(plot) => paintOverlay(plot, timeline.overlays, scale)],
      },
    };
  }
}

/** An x axis: its marks for a range with room for so many, and their labels. */
interface XAxis {
  isLog: boolean;
  /** Begin a linear scale at its first point instead of 0. */
  isTight?: boolean;
  format: (value: number) => string;
  marks?: (min: number, max: number, most: number) => number[];
  labels: (marks: readonly number[]) => string[];
  /** The room that a mark needs, in pixels. */
  markWidth: number;
  /** Lines of a label. */
  lines: number;
}

function ofTime({ format, marks, labels, isClock }: TimeAxis): XAxis {
  return {
    isLog: false,
    format,
    marks,
    labels,
    markWidth: TIME_MARK_WIDTH,
    lines: isClock ? 2 : 1,
  };
}

function ofValues(
  { isLog, isTight, format, marks }: NonNullable<ChartStyle["x"]>,
): XAxis {
  return {
    isLog,
    isTight,
    format,
    marks: marks
      ? (min, max) => marks.filter((mark) => mark >= min && mark <= max)
      : isLog
      ? logMarks
      : undefined,
    labels: (values) => values.map((value) => trimZeros(format(value))),
    markWidth: MARK_WIDTH,
    lines: 1,
  };
}

/** What stands where a line has no value. */
const NO_VALUE = "–";

function shown(
  value: number | null | undefined,
  format: (value: number) => string,
): string {
  return value === null || value === undefined ? NO_VALUE : format(value);
}
