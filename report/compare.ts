/**
 * Are runs worse than others?
 *
 * @module
 */
import {
  type Metric,
  METRIC_LIST,
  type MetricDefinition,
  METRICS,
  shareOf,
} from "../measure/metrics.ts";
import {
  formatByteRate,
  formatBytes,
  formatShare,
  plural,
} from "../text/format.ts";
import { FIGURE_FORMATS } from "./columns.ts";
import type { Measurements } from "./measurements.ts";
import { testFigures } from "./significance.ts";

/** A figure of the runs of one side. */
export interface SideFigure {
  /** Of one run its figure, of several their median; a share of messages in percent. */
  value: number;
  /** The same as text. */
  text: string;
  /** From the least to the most of several runs, as text; absent where all are equal. */
  range?: string;
  /** The figure of each run that has it. */
  each: number[];
}

/** A figure of both sides. */
export interface ComparedFigure {
  /** Its name. */
  name: Metric;
  /** What it was before; absent where no run has it. */
  before?: SideFigure;
  /** What it is after. */
  after?: SideFigure;
  /** The change in percent of what it was; absent where that was 0. */
  change?: number;
  /**
   * The probability that any figure differs as clearly where nothing has changed;
   * absent where that is not tested.
   */
  p?: number;
  /**
   * - `worse`, `better`: by more than the threshold, and where there are several
   *   runs with a p of at most {@linkcode SIGNIFICANT}.
   * - `same`: by no more than the threshold.
   * - `unclear`: it may be chance, since p is larger or cannot be that small.
   * - `too few`: a percentile of too few messages to be judged.
   * - `no figure`: only one side has it.
   */
  judgement: "worse" | "better" | "same" | "unclear" | "too few" | "no figure";
}

/** Runs before and after, side by side. */
export interface Comparison {
  /** Figure by figure: those that either side has. */
  figures: ComparedFigure[];
  /** How many runs there are before, and after. */
  runs: [before: number, after: number];
  /** By how many percent a figure may be worse. */
  threshold: number;
  /** The smallest p that these runs could have given; absent where nothing is tested. */
  leastP?: number;
  /**
   * `worse`: a figure is. `unknown`: there was too little to tell by. Else `not
   * worse`: no figure was found to be.
   */
  verdict: "worse" | "not worse" | "unknown";
}

/** A difference that chance makes in one comparison of twenty, or fewer, is none by chance. */
export const SIGNIFICANT = 0.05;

/**
 * The number of runs of each side that is enough for any number of the figures that
 * are compared: 2 of 924 partings for each figure.
 */
const ENOUGH_RUNS = 6;

/**
 * The fewest messages beyond a percentile for it to be judged: of fewer, it
 * varies from run to run by chance.
 */
const FEWEST_BEYOND = 10;

/**
 * Compares runs with others, metric by metric. Several runs of a side are taken for
 * repetitions, whose medians are compared and whose scatter says whether a difference
 * may be chance ({@linkcode Comparison.leastP}); with one run on each side, only the
 * threshold judges. {@linkcode differingSettings} says whether their settings let
 * them be compared.
 *
 * @param before The runs before.
 * @param after The runs after.
 * @param threshold By how many percent a figure may be worse.
 */
export function compareRuns(
  before: readonly Measurements[],
  after: readonly Measurements[],
  threshold: number,
): Comparison {
  const isTested = before.length > 1 || after.length > 1;
  const pairs = METRIC_LIST.filter(({ isCompared }) => isCompared)
    .map((metric) => ({
      metric,
      before: sideFigure(metric, before),
      after: sideFigure(metric, after),
    }))
    .filter(({ before, after }) => before || after);
  const all = [...before, ...after];
  const tested = pairs.filter((pair) =>
    isTested && !hasTooFew(pair.metric, all) &&
    pair.before?.each.length === before.length &&
    pair.after?.each.length === after.length
  );
  const significance = testFigures(
    tested.map((pair) => [pair.before!.each, pair.after!.each]),
  );
  const isTelling = significance.least <= SIGNIFICANT;
  const figures = pairs.map((pair): ComparedFigure => {
    const { metric, before: one, after: other } = pair;
    const figure = { name: metric.name, before: one, after: other };
    if (one === undefined || other === undefined) {
      return { ...figure, judgement: "no figure" };
    }
    const change = one.value === 0
      ? undefined
      : 100 * (other.value - one.value) / one.value;
    if (hasTooFew(metric, all)) {
      return { ...figure, change, judgement: "too few" };
    }
    const off = uncertaintyOf(metric, before) + uncertaintyOf(metric, after);
    const judgement = Math.abs(other.value - one.value) <= off
      ? "same"
      : judgeChange(metric, one.value, other.value, 1 + threshold / 100);
    if (!isTested) return { ...figure, change, judgement };
    const p = significance.p[tested.indexOf(pair)] as number | undefined;
    const isKnown = p !== undefined && isTelling &&
      (judgement === "same" || p <= SIGNIFICANT);
    return {
      ...figure,
      change,
      p,
      judgement: isKnown ? judgement : "unclear",
    };
  });
  const has = (...judgements: ComparedFigure["judgement"][]) =>
    figures.some(({ judgement }) => judgements.includes(judgement));
  return {
    figures,
    runs: [before.length, after.length],
    threshold,
    leastP: isTested ? significance.least : undefined,
    verdict: has("worse")
      ? "worse"
      : isTested && !isTelling || !has("better", "same", "unclear")
      ? "unknown"
      : "not worse",
  };
}

/** What a comparison finds, in a line. */
export function verdictLine(comparison: Comparison): string {
  const { figures, runs, threshold, leastP, verdict } = comparison;
  const names = (judged: ComparedFigure["judgement"]) =>
    figures.filter(({ judgement }) => judgement === judged)
      .map(({ name }) => name).join(", ");
  const by = `worse by more than ${threshold} %`;
  if (verdict === "unknown") {
    if (leastP === undefined) {
      return "it cannot be told: no figure of both sides has enough messages";
    }
    const [before, after] = runs;
    const more = Math.min(before, after) < ENOUGH_RUNS
      ? `; take ${ENOUGH_RUNS} or more of each`
      : "";
    return `it cannot be told: of ${
      plural(before, "run")
    } before and ${after} ` +
      `after, no p can be below ${formatP(leastP)}${more}`;
  }
  if (leastP === undefined) {
    return `${verdict === "worse" ? "" : "not "}${by}; ` +
      "with one run of each, it may be chance";
  }
  const found = `(p at most ${SIGNIFICANT})`;
  if (verdict === "worse") return `${by} ${found}: ${names("worse")}`;
  const unclear = names("unclear");
  return `nothing is found ${by} ${found}` +
    (unclear === "" ? "" : `; unclear: ${unclear}`);
}

/** `0.0079`, `<0.001`. */
export function formatP(p: number): string {
  return p < 0.001 ? "<0.001" : String(Number(p.toPrecision(2)));
}

/** `+12 %`. */
export function formatChange(percent: number): string {
  const rounded = Number(percent.toFixed(Math.abs(percent) < 10 ? 1 : 0));
  return `${rounded > 0 ? "+" : ""}${rounded} %`;
}

/** A run's figure in a comparison as short text; a share of messages is in percent. */
export function formatFigure(name: Metric, value: number): string {
  const { kind } = METRICS[name];
  if (kind === "share") return formatShare(value, 100);
  if (kind === "throughput") return `${formatBytes(value)}/s`;
  return FIGURE_FORMATS[kind](Number(value.toPrecision(12)), 0);
}

type NamedMetric = (typeof METRIC_LIST)[number];

/** A side's figure of a metric; `undefined` where no run has it. */
function sideFigure(
  { name, kind, read }: NamedMetric,
  runs: readonly Measurements[],
): SideFigure | undefined {
  const each = runs.flatMap((run) => {
    const figure = read(run);
    if (figure === undefined) return [];
    return kind === "share" ? shareOf(figure, run.messages_sent) : figure;
  });
  if (each.length === 0) return undefined;
  const sorted = each.toSorted((one, other) => one - other);
  const value = (sorted[Math.floor((each.length - 1) / 2)] +
    sorted[Math.floor(each.length / 2)]) / 2;
  if (runs.length === 1) {
    const [run] = runs;
    // Of one run, the count is known, too.
    const text = FIGURE_FORMATS[kind](read(run)!, run.messages_sent);
    return { value, text, each };
  }
  const [least, most] = [sorted[0], sorted[sorted.length - 1]]
    .map((figure) => formatFigure(name, figure));
  return {
    value,
    text: kind === "throughput"
      ? formatByteRate(value)
      : formatFigure(name, value),
    range: least === most ? undefined : `${least} to ${most}`,
    each,
  };
}

/** Whether a metric is a percentile of too few messages in any of these runs. */
function hasTooFew(
  { percent }: MetricDefinition,
  runs: readonly Measurements[],
): boolean {
  const fewest = Math.min(...runs.map(({ rtt_us }) => rtt_us?.count ?? 0));
  return percent !== undefined &&
    fewest * (100 - percent) / 100 < FEWEST_BEYOND;
}

/** By how much a figure of these runs may differ where nothing has changed. */
function uncertaintyOf(
  { uncertainty }: MetricDefinition,
  runs: readonly Measurements[],
): number {
  return Math.max(...runs.map((run) => uncertainty?.(run) ?? 0));
}

/** Judges a figure by the threshold alone. */
function judgeChange(
  { kind, isMoreBetter }: MetricDefinition,
  before: number,
  after: number,
  factor: number,
): ComparedFigure["judgement"] {
  // Of a whole: 99.9 % is ten times as good as 99 %.
  if (kind === "percentage" && isMoreBetter) {
    return judge(100 - before, 100 - after, factor);
  }
  return isMoreBetter
    ? judge(after, before, factor)
    : judge(before, after, factor);
}

/** Judges a figure of which less is better. */
function judge(
  before: number,
  after: number,
  factor: number,
): ComparedFigure["judgement"] {
  if (after > before * factor) return "worse";
  return after * factor < before ? "better" : "same";
}
