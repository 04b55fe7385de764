/**
 * Reading `--expect "METRIC OP VALUE"`.
 *
 * @module
 */
import type { Expectation, Probe, Transport } from "../../events/mod.ts";
import type { MetricExpectation } from "../../measure/expectations.ts";
import {
  type Metric,
  METRIC_LIST,
  type MetricKind,
  METRICS,
  metricsOver,
} from "../../measure/metrics.ts";
import {
  count,
  frequency,
  rate,
  throughput,
  time,
  UsageError,
} from "./values.ts";

const FORM = /^\s*([a-z0-9.]+)\s*(<=|>=|<|>)\s*(\S+)\s*$/;

/** How a limit of each kind is written. */
export const LIMITS: Record<MetricKind, string[]> = {
  time: ["5ms"],
  share: ["1%", "3"],
  count: ["0"],
  percentage: ["99.9%"],
  rate: ["1000/s"],
  throughput: ["40Mbit/s", "5MB/s"],
  frequency: ["600/min"],
};

/** The metrics of a transport by what they are of, and how their limits are written. */
export function metricRows(
  transport: Transport,
): [limits: string, metrics: string][] {
  const known = metricsOver(transport);
  const groups = Map.groupBy(
    METRIC_LIST.filter(({ name }) => known.includes(name)),
    ({ of }) => of,
  );
  return [...groups].map(([of, metrics]) => [
    LIMITS[metrics[0].kind].join(" or "),
    `${metrics.map(({ name }) => name).join(", ")}: ${of}`,
  ]);
}

/** An expectation over any metric. */
export function expectation(text: string): MetricExpectation {
  const match = FORM.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not METRIC OP VALUE: write "p99<5ms" or "loss<=1%"`,
    );
  }
  const [, name, operator, value] = match;
  if (!isMetric(name)) {
    throw new UsageError(`"${name}" is not one of ${near(name).join(", ")}`);
  }
  return {
    metric: name,
    operator: operator as Expectation["operator"],
    ...limit(METRICS[name].kind, value),
  };
}

/** The metrics that a name may mean: those each way have a dot and a word. */
function near(name: string): string[] {
  const isDirected = (each: string) => /\.[a-z]/.test(each);
  const isAbout = isDirected(name);
  return Object.keys(METRICS).filter((each) => isDirected(each) === isAbout);
}

function isMetric(name: string): name is Metric {
  return Object.hasOwn(METRICS, name);
}

/**
 * Checks that a run has the metrics of its expectations.
 *
 * @throws {UsageError} Naming one that it does not have.
 */
export function checkMetrics(
  expectations: readonly MetricExpectation[],
  transport: Transport,
  probe: Probe,
): void {
  for (const { metric } of expectations) {
    const { services } = METRICS[metric];
    if (services[transport] === undefined) {
      const whose = transport === "TCP" ? "datagrams" : "connections";
      throw new UsageError(
        `--expect: ${metric} is a metric of ${whose}: ${transport} has no ${metric}`,
      );
    }
    const known = metricsOver(transport, probe);
    if (known.includes(metric)) continue;
    const others = known.filter((each) => !METRICS[each].isOfLoad);
    throw new UsageError(
      `--expect: with ${
        optionOf(probe)
      } over ${transport} there is no ${metric}, but ${others.join(", ")}`,
    );
  }
}

/** The option that asks for a test. */
function optionOf(probe: Probe): string {
  switch (probe) {
    case "connect":
      return "--connect-only";
    case "idle":
      return "--idle";
    default:
      return `--service ${probe}`;
  }
}

function limit(
  kind: MetricKind,
  text: string,
): Pick<Expectation, "limit" | "unit"> {
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
    case "frequency":
      return { limit: frequency(text), unit: "per-minute" };
    case "count":
      return { limit: number(text, "a count: write 0 or 3"), unit: "messages" };
    case "percentage": {
      const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
      if (percent !== null && Number(percent[1]) <= 100) {
        return { limit: Number(percent[1]), unit: "percent" };
      }
      throw new UsageError(`"${text}" is not a percentage: write 99.9%`);
    }
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
