/**
 * Paths: what a source measured to a target, its runs of the same kind merged.
 *
 * @module
 */
import type { StartedEvent } from "../events/mod.ts";
import {
  type Metric,
  type MetricDefinition,
  METRICS,
  shareOf,
  wholeOf,
} from "../measure/metrics.ts";
import {
  type Measurements,
  measurementsOf,
  type Merged,
  mergeMeasurements,
} from "./measurements.ts";
import { type ClientRun, verdictOf } from "./runs.ts";

/** How a path did: as its worst run; `unreachable` where none of them was answered. */
export type PathState =
  | "unreachable"
  | "failed"
  | "cut off"
  | "sent"
  | "passed";

/**
 * The states, the worst first: a box that is down makes many paths unreachable,
 * which hide no path that fails.
 */
export const STATES: readonly PathState[] = [
  "failed",
  "unreachable",
  "cut off",
  "sent",
  "passed",
];

/** The runs from a source to a target. */
export interface Ends {
  /** Where it begins. */
  source: string;
  /** Where it ends. */
  target: string;
}

/** Metrics of paths that several runs are merged into. */
export const PATH_METRICS = [
  "p50",
  "p99",
  "loss",
  "loss.out",
  "loss.back",
  "jitter",
  "throughput",
  "outages",
  "outage",
] as const satisfies readonly Metric[];

/** One of them. */
export type PathMetric = (typeof PATH_METRICS)[number];

/** Metrics that cannot be merged; of several runs, the worst counts. */
const WORST_OF: Partial<Record<PathMetric, (values: number[]) => number>> = {
  jitter: (values) => Math.max(...values),
  throughput: (values) => Math.min(...values),
};

/** Several runs as one. */
export interface PathFigures {
  /** How they did. */
  state: PathState;
  /** Their figures, shares in percent; what is unknown is absent. */
  figures: Partial<Record<PathMetric, number>>;
  /** Metrics that they were judged by: whether each held in all of them. */
  held: Partial<Record<PathMetric, boolean>>;
}

/**
 * The labels of each run's ends. Where a client did not get as far as to tell its
 * own, it has that of the other runs of its file.
 */
export function endsOf(
  runs: readonly ClientRun[],
): Map<ClientRun, Partial<Ends>> {
  const labels = (
    { started, error }: ClientRun,
  ): Pick<StartedEvent, "label" | "source_label"> => started ?? error ?? {};
  const ofFile = new Map<string, Set<string>>();
  for (const run of runs) {
    const { source_label } = labels(run);
    if (!source_label) continue;
    const known = ofFile.get(run.file) ?? new Set();
    ofFile.set(run.file, known.add(source_label));
  }
  return new Map(runs.map((run) => {
    const { file, target, started, peer } = run;
    const { source_label, label } = labels(run);
    const [only, ...others] = ofFile.get(file) ?? [];
    return [run, {
      source: source_label || (others.length === 0 ? only : undefined),
      target: label || target || started?.target || peer?.peer_host,
    }];
  }));
}

/** How a run did. */
export function stateOf(run: ClientRun): PathState {
  const { result, error } = run;
  const code = result?.failure?.code ?? error?.code;
  const isUnanswered = code === "no-answer" || code === "cannot-connect" ||
    error?.exit_code === 3;
  const received = measurementsOf(run)?.messages_received ?? 0;
  return isUnanswered && received === 0 ? "unreachable" : verdictOf(run).text;
}

/** How several did: as the worst, but unreachable only where all are. */
export function worstState(states: readonly PathState[]): PathState {
  if (states.every((state) => state === "unreachable")) return "unreachable";
  const known = states.map((state): PathState =>
    state === "unreachable" ? "failed" : state
  );
  return STATES.find((state) => known.includes(state))!;
}

/** Sums up runs; percentiles are of all their messages together. */
export async function pathFigures(
  runs: readonly ClientRun[],
): Promise<PathFigures> {
  const measured = runs.flatMap((run) => measurementsOf(run) ?? []);
  const merged = measured.length === 1
    ? measured[0]
    : await mergeMeasurements(measured.map(withoutVariation));
  const figures: PathFigures["figures"] = {};
  for (const name of PATH_METRICS) {
    const value = figureOf(name, merged, measured);
    if (value !== undefined) figures[name] = value;
  }
  const held: PathFigures["held"] = {};
  for (const { metric, value, held: isHeld } of runs.flatMap(expectationsOf)) {
    const name = PATH_METRICS.find((name) => name === metric);
    // Without a figure, there is none to grade.
    if (name !== undefined && value !== undefined) {
      held[name] = isHeld && (held[name] ?? true);
    }
  }
  return { state: worstState(runs.map(stateOf)), figures, held };
}

/** What a run was expected to meet. */
export function expectationsOf({ result }: ClientRun) {
  return result?.expectations ?? [];
}

function figureOf(
  name: PathMetric,
  merged: Merged,
  runs: readonly Measurements[],
): number | undefined {
  const metric = METRICS[name];
  const worstOf = WORST_OF[name];
  if (worstOf !== undefined) {
    const known = runs.flatMap((run) => metric.read(run) ?? []);
    return known.length === 0 ? undefined : worstOf(known);
  }
  if (metric.kind === "share") return shareLost(metric, runs);
  return metric.read(merged);
}

/** A share in percent, of what those runs sent that tell it. */
function shareLost(
  metric: MetricDefinition,
  runs: readonly Measurements[],
): number | undefined {
  const known = runs.filter((run) => metric.read(run) !== undefined);
  if (known.length === 0) return undefined;
  const sum = (read: (run: Measurements) => number) =>
    known.reduce((total, run) => total + read(run), 0);
  return shareOf(
    sum((run) => metric.read(run)!),
    sum((run) => wholeOf(metric, run)),
  );
}

/** The same without delays that no figure of a path is of: merging costs time. */
function withoutVariation(run: Measurements): Measurements {
  const { directions } = run;
  return {
    ...run,
    directions: directions && {
      out: { lost: directions.out.lost },
      back: { lost: directions.back.lost },
    },
  };
}
