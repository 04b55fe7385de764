/**
 * How good a figure of a path is: by what was expected of it, else by the other
 * paths of its mesh.
 *
 * @module
 */
import { METRICS } from "../measure/metrics.ts";
import type { PathFigures, PathMetric } from "./paths.ts";

/** How good. */
export type Grade = "good" | "fair" | "bad";

/** A share lost that is bad, in percent. */
const BAD_LOSS = 1;

/** An outage that is bad, in microseconds. */
const BAD_OUTAGE_US = 1e6;

/** Times the typical figure from which on one is no longer good, and bad. */
const FAIR_TIMES = 2;
const BAD_TIMES = 5;

/** The rule in words, for where nothing was expected. */
export function ruleOf(metric: PathMetric): string {
  switch (METRICS[metric].kind) {
    case "share":
      return `good is none, and bad ${BAD_LOSS} % or more`;
    case "count":
      return "good is none, and bad one of a second or more";
    default:
      return METRICS[metric].isMoreBetter
        ? `good is more than a half, and bad less than a fifth, of the median of all paths`
        : `good is up to ${FAIR_TIMES} times, and bad beyond ${BAD_TIMES} times, the median of all paths`;
  }
}

/**
 * Grades a figure.
 *
 * @param typical The median of this metric over all paths.
 * @returns `undefined` where there is no figure.
 */
export function gradeOf(
  metric: PathMetric,
  { figures, held }: PathFigures,
  typical: number | undefined,
): Grade | undefined {
  const value = figures[metric];
  if (value === undefined) return undefined;
  const isHeld = held[metric];
  if (isHeld !== undefined) return isHeld ? "good" : "bad";
  const { kind, isMoreBetter } = METRICS[metric];
  if (kind === "share" || kind === "count") {
    if (value === 0) return "good";
    const isBad = kind === "share"
      ? value >= BAD_LOSS
      : (figures.outage ?? 0) >= BAD_OUTAGE_US;
    return isBad ? "bad" : "fair";
  }
  if (!typical) return "good";
  const times = isMoreBetter ? typical / value : value / typical;
  return times <= FAIR_TIMES ? "good" : times <= BAD_TIMES ? "fair" : "bad";
}
