/**
 * Conditions that a run's result must meet, and whether it does.
 *
 * @module
 */
import type {
  Expectation,
  Failure,
  JudgedExpectation,
  ResultEvent,
} from "../events/mod.ts";
import { plural } from "../text/format.ts";
import {
  type Metric,
  METRICS,
  type RunFigures,
  shareOf,
  wholeOf,
} from "./metrics.ts";

/** An expectation of a known metric. */
export interface MetricExpectation extends Expectation {
  /** The metric that is compared. */
  metric: Metric;
}

const COMPARISONS: Record<
  Expectation["operator"],
  (value: number, limit: number) => boolean
> = {
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
};

/**
 * Compares expectations with a run's figures. Where a figure is absent, such as a
 * percentile without any round trip, the expectation does not hold.
 */
export function judgeExpectations(
  expectations: readonly MetricExpectation[],
  figures: RunFigures,
): JudgedExpectation[] {
  return expectations.map((expectation) => {
    const metric = METRICS[expectation.metric];
    const read = metric.read(figures);
    const isShare = metric.kind === "share" && expectation.unit === "percent";
    const value = read !== undefined && isShare
      ? shareOf(read, wholeOf(metric, figures))
      : read;
    const held = value !== undefined &&
      COMPARISONS[expectation.operator](value, expectation.limit);
    return { ...expectation, value, held };
  });
}

/** Whether an expectation covers a metric, which then is no failure by itself. */
export function expects(
  expectations: readonly MetricExpectation[],
  metric: Metric,
): boolean {
  return expectations.some((each) => each.metric === metric);
}

/** Whether expectations say how much may be lost, so that a loss is no failure by itself. */
export function excusesLoss(
  expectations: readonly MetricExpectation[],
): boolean {
  return expectations.some(({ metric }) => METRICS[metric].isLoss);
}

/**
 * Whether a run passed, and if not, why: its own failure comes before unmet
 * expectations.
 */
export function verdict(
  figures: RunFigures,
  failure: Failure | undefined,
  expectations: readonly MetricExpectation[],
): Pick<ResultEvent, "passed" | "failure" | "expectations"> {
  const judged = judgeExpectations(expectations, figures);
  const unmet = judged.filter(({ held }) => !held).length;
  const unmetFailure: Failure | undefined = unmet === 0 ? undefined : {
    code: "expectation",
    message: `${unmet} of ${plural(judged.length, "expectation")} did not hold`,
  };
  const reason = failure ?? unmetFailure;
  return {
    passed: reason === undefined,
    failure: reason,
    expectations: judged.length > 0 ? judged : undefined,
  };
}
