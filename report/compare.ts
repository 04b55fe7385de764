/**
 * Is a run worse than another?
 *
 * @module
 */
import {
  METRIC_LIST,
  type MetricDefinition,
  shareOf,
} from "../measure/metrics.ts";
import { FIGURE_FORMATS } from "./columns.ts";
import {
  type Measurements,
  type Merged,
  mergeMeasurements,
} from "./measurements.ts";

/** A figure of two runs side by side. */
export interface ComparedFigure {
  /** Its name. */
  name: string;
  /** What it was before, as text; empty where there is no such figure. */
  base: string;
  /** What it is now, as text. */
  now: string;
  /** The change in percent of what it was; absent where that was 0. */
  change?: number;
  /** `worse` and `better`: by more than the threshold. `too few`: a percentile of too few messages to be judged. */
  judgement: "worse" | "better" | "same" | "too few" | "no figure";
}

/** Two runs side by side. */
export interface Comparison {
  /** Figure by figure. */
  figures: ComparedFigure[];
  /** Whether any figure is worse. */
  isWorse: boolean;
}

/**
 * The fewest messages beyond a percentile for it to be judged: of fewer, it
 * varies from run to run by chance.
 */
const FEWEST_BEYOND = 10;

/**
 * Compares runs with others, metric by metric. Several runs on a side count as one,
 * whose rate is the mean of theirs. {@linkcode differingSettings} says whether
 * their settings let them be compared.
 *
 * @param base The runs before.
 * @param now The runs after.
 * @param threshold By how many percent a figure may be worse.
 */
export async function compareRuns(
  base: readonly Measurements[],
  now: readonly Measurements[],
  threshold: number,
): Promise<Comparison> {
  const sides = await Promise.all([base, now].map(sideOf));
  const figures = METRIC_LIST.filter(({ isCompared }) => isCompared)
    .map((metric) => compareFigure(metric, sides, 1 + threshold / 100));
  return {
    figures,
    isWorse: figures.some(({ judgement }) => judgement === "worse"),
  };
}

/** The runs of a side, each by itself and as one. */
interface Side {
  runs: readonly Measurements[];
  merged: Merged;
}

async function sideOf(runs: readonly Measurements[]): Promise<Side> {
  return { runs, merged: await mergeMeasurements(runs) };
}

/** A side's figure of a metric. */
function figureOf(
  { kind, read }: MetricDefinition,
  { runs, merged }: Side,
): number | undefined {
  if (kind !== "rate" && kind !== "throughput") return read(merged);
  const known = runs.flatMap((run) => read(run) ?? []);
  if (known.length === 0) return undefined;
  return known.reduce((sum, one) => sum + one) / known.length;
}

function compareFigure(
  metric: (typeof METRIC_LIST)[number],
  sides: readonly Side[],
  factor: number,
): ComparedFigure {
  const { name, kind, isMoreBetter, percent } = metric;
  const texts: string[] = [];
  const figures: (number | undefined)[] = [];
  for (const side of sides) {
    const figure = figureOf(metric, side);
    const { messages_sent } = side.merged;
    texts.push(
      figure === undefined ? "" : FIGURE_FORMATS[kind](figure, messages_sent),
    );
    figures.push(
      figure === undefined || kind !== "share"
        ? figure
        : shareOf(figure, messages_sent),
    );
  }
  const [one, other] = figures;
  const [base, now] = texts;
  if (one === undefined || other === undefined) {
    return { name, base, now, judgement: "no figure" };
  }
  const fewest = Math.min(
    ...sides.map(({ merged }) => merged.rtt_us?.count ?? 0),
  );
  const isFew = percent !== undefined &&
    fewest * (100 - percent) / 100 < FEWEST_BEYOND;
  return {
    name,
    base,
    now,
    change: one === 0 ? undefined : 100 * (other - one) / one,
    judgement: isFew
      ? "too few"
      : Math.abs(other - one) <= uncertaintyOf(metric, sides)
      ? "same"
      : kind === "percentage"
      // Of a whole: 99.9 % is ten times as good as 99 %.
      ? judgeShare(one, other, factor, isMoreBetter)
      : isMoreBetter
      ? judge(other, one, factor)
      : judge(one, other, factor),
  };
}

/** By how much figures of both sides may differ where nothing has changed. */
function uncertaintyOf(
  { uncertainty }: MetricDefinition,
  sides: readonly Side[],
): number {
  return sides.reduce(
    (sum, { merged }) => sum + (uncertainty?.(merged) ?? 0),
    0,
  );
}

/** Judges a percentage of a whole, by the part of which less is better. */
function judgeShare(
  base: number,
  now: number,
  factor: number,
  isMoreBetter: boolean,
): ComparedFigure["judgement"] {
  return isMoreBetter
    ? judge(100 - base, 100 - now, factor)
    : judge(base, now, factor);
}

/** Judges a figure of which less is better. */
function judge(
  base: number,
  now: number,
  factor: number,
): ComparedFigure["judgement"] {
  if (now > base * factor) return "worse";
  return now * factor < base ? "better" : "same";
}
