/**
 * Reading `--expect 'METRIC OP VALUE'`.
 *
 * @module
 */
import type { Expectation, Transport, UdpService } from "../../events/mod.ts";
import type { MetricExpectation } from "../../measure/expectations.ts";
import {
  type Metric,
  type MetricKind,
  METRICS,
  metricsOver,
} from "../../measure/metrics.ts";
import { count, rate, throughput, time, UsageError } from "./values.ts";

const FORM = /^\s*([a-z0-9.]+)\s*(<=|>=|<|>)\s*(\S+)\s*$/;

/** An expectation over any metric. */
export function expectation(text: string): MetricExpectation {
  const match = FORM.exec(text);
  if (match === null) {
    throw new UsageError(
      `"${text}" is not METRIC OP VALUE: write 'p99<5ms' or 'loss<=1%'`,
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
  service: UdpService,
): void {
  for (const { metric } of expectations) {
    if (METRICS[metric].services[transport] === undefined) {
      throw new UsageError(
        `--expect: ${metric} is a metric of datagrams: ${transport} has no ${metric}`,
      );
    }
    const known = metricsOver(transport, service);
    if (known.includes(metric)) continue;
    throw new UsageError(
      `--expect: with --service ${service} over ${transport} there is no ${metric}, but ${
        known.join(", ")
      }`,
    );
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
