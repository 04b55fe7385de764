/**
 * What a run is expected to come to, and whether it did.
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
import { type Metric, METRICS, type RunFigures, shareOf } from "./metrics.ts";

/** An expectation of a metric that there is. */
export interface MetricExpectation extends Expectation {
  /** What is looked at. */
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
 * Holds expectations against a run's figures. Where there is no figure, as for
 * a percentile of no round trip at all, an expectation does not hold.
 */
export function judgeExpectations(
  expectations: readonly MetricExpectation[],
  figures: RunFigures,
): JudgedExpectation[] {
  return expectations.map((expectation) => {
    const read = METRICS[expectation.metric].read(figures);
    const value = read !== undefined && expectation.unit === "percent"
      ? shareOf(read, figures.messages_sent)
      : read;
    const held = value !== undefined &&
      COMPARISONS[expectation.operator](value, expectation.limit);
    return { ...expectation, value, held };
  });
}

/** Whether a metric is judged by an expectation, and so is no failure by itself. */
export function expects(
  expectations: readonly MetricExpectation[],
  metric: Metric,
): boolean {
  return expectations.some((each) => each.metric === metric);
}

/**
 * Whether a run passed, and if not, why: its own failure comes first, then what
 * was expected of it.
 */
export function verdict(
  figures: RunFigures,
  failure: Failure | undefined,
  expectations: readonly MetricExpectation[],
): Pick<ResultEvent, "passed" | "failure" | "expectations"> {
  const judged = judgeExpectations(expectations, figures);
  const broken = judged.filter(({ held }) => !held).length;
  const disappointed: Failure | undefined = broken === 0 ? undefined : {
    code: "expectation",
    message: `${broken} of ${
      plural(judged.length, "expectation")
    } did not hold`,
  };
  const reason = failure ?? disappointed;
  return {
    passed: reason === undefined,
    failure: reason,
    expectations: judged.length > 0 ? judged : undefined,
  };
}
