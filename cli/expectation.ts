/**
 * Reading `--expect 'METRIC OP VALUE'`.
 *
 * @module
 */
import type { Expectation, Metric } from "../net/events.ts";
import { count, time, UsageError } from "./values.ts";

/** What kind of value a metric has. */
type Kind = "time" | "share" | "rate";

const METRICS: Record<Metric, Kind> = {
  "min": "time",
  "mean": "time",
  "p50": "time",
  "p90": "time",
  "p99": "time",
  "p99.9": "time",
  "max": "time",
  "loss": "share",
  "late": "share",
  "duplicated": "share",
  "rate": "rate",
};

/** Metrics that a stream has not: what is lost there ends the run. */
const DATAGRAM_METRICS: Metric[] = ["loss", "late", "duplicated"];

const FORM = /^\s*([a-z0-9.]+)\s*(<=|>=|<|>)\s*(\S+)\s*$/;

/** An expectation over any metric. */
export function expectation(text: string): Expectation {
  const match = FORM.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not METRIC OP VALUE: write 'p99<5ms' or 'loss<=1%'`,
    );
  }
  const [, name, operator, value] = match;
  const metric = Object.keys(METRICS).find((each) => each === name) as
    | Metric
    | undefined;
  if (metric === undefined) {
    throw new UsageError(
      `"${name}" is not one of ${Object.keys(METRICS).join(", ")}`,
    );
  }
  return {
    metric,
    operator: operator as Expectation["operator"],
    ...limit(METRICS[metric], value),
  };
}

/** An expectation over a metric that a stream has. */
export function streamExpectation(text: string): Expectation {
  const read = expectation(text);
  if (DATAGRAM_METRICS.includes(read.metric)) {
    throw new UsageError(
      `${read.metric} is of datagrams: TCP has no ${read.metric} to expect`,
    );
  }
  return read;
}

function limit(kind: Kind, text: string): Pick<Expectation, "limit" | "unit"> {
  if (kind === "time") return { limit: time(text) * 1000, unit: "us" };
  if (kind === "rate") {
    const match = /^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text);
    if (match === null) {
      throw new UsageError(`"${text}" is not a rate: write 1000/s`);
    }
    return { limit: Number(match[1]), unit: "per-second" };
  }
  const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (share !== null && Number(share[1]) <= 100) {
    return { limit: Number(share[1]), unit: "percent" };
  }
  if (text === "0") return { limit: 0, unit: "messages" };
  if (!/^\d+$/.test(text)) {
    throw new UsageError(`"${text}" is not a share or a count: write 1% or 3`);
  }
  return { limit: count(text), unit: "messages" };
}
