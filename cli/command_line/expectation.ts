/**
 * Reading `--expect 'METRIC OP VALUE'`.
 *
 * @module
 */
import type { Expectation, Metric, Service } from "../../events/mod.ts";
import { count, rate, throughput, time, UsageError } from "./values.ts";

/** What kind of value a metric has. */
type Kind = "time" | "share" | "count" | "rate" | "throughput";

const METRICS: Record<Metric, Kind> = {
  "min": "time",
  "mean": "time",
  "p50": "time",
  "p90": "time",
  "p99": "time",
  "p99.9": "time",
  "max": "time",
  "jitter": "time",
  "loss": "share",
  "late": "share",
  "duplicated": "share",
  "reordered": "share",
  "errors": "count",
  "rate": "rate",
  "throughput": "throughput",
};

/** Metrics that a stream has not: what is lost there ends its connection. */
const OF_DATAGRAMS: Metric[] = [
  "jitter",
  "loss",
  "late",
  "duplicated",
  "reordered",
];

/** Metrics of a run in which no single answer belongs to a message. */
const OF_ONE_WAY: Record<
  "TCP" | "UDP",
  Partial<Record<Service, Metric[]>>
> = {
  TCP: {
    discard: ["errors", "rate", "throughput"],
    chargen: ["errors", "throughput"],
  },
  UDP: {
    // Nothing tells what of the datagrams arrived.
    discard: ["errors"],
    chargen: ["loss", "errors", "rate", "throughput"],
  },
};

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

/**
 * Checks that a run has the metrics that something is expected of.
 *
 * @throws {UsageError} Naming one that it has not.
 */
export function checkMetrics(
  expectations: readonly Expectation[],
  transport: "TCP" | "UDP",
  service: Service,
): void {
  for (const { metric } of expectations) {
    if (transport === "TCP" && OF_DATAGRAMS.includes(metric)) {
      throw new UsageError(
        `--expect: ${metric} is of datagrams: TCP has no ${metric} to expect`,
      );
    }
    const known = OF_ONE_WAY[transport][service];
    if (known === undefined || known.includes(metric)) continue;
    throw new UsageError(
      `--expect: with --service ${service} over ${transport} there is no ${metric}, but ${
        known.join(", ")
      }`,
    );
  }
}

function limit(kind: Kind, text: string): Pick<Expectation, "limit" | "unit"> {
  switch (kind) {
    case "time":
      return { limit: time(text) * 1000, unit: "us" };
    case "rate":
      return {
        limit: /^0(\/s)?$/.test(text) ? 0 : rate(text),
        unit: "per-second",
      };
    case "throughput":
      return { limit: throughput(text), unit: "bytes-per-second" };
    case "count":
      return { limit: number(text, "a count: write 0 or 3"), unit: "messages" };
    case "share": {
      const share = /^(\d+(?:\.\d+)?)%$/.exec(text);
      if (share !== null && Number(share[1]) <= 100) {
        return { limit: Number(share[1]), unit: "percent" };
      }
      const limit = number(text, "a share or a count: write 1% or 3");
      return { limit, unit: "messages" };
    }
  }
}

/** A whole number from 0. */
function number(text: string, what: string): number {
  if (text === "0") return 0;
  if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is not ${what}`);
  return count(text);
}
