/**
 * Metrics as text that Prometheus reads.
 *
 * @module
 */
// The library's module that writes; the others count, and are six times as large.
// @ts-types="./registry.d.ts"
import Registry from "prom-client/registry";
import type { Family } from "./family.ts";

/**
 * The format for a scraper, as its media type: OpenMetrics where it asks for that,
 * as Prometheus does; else the older one, which every tool reads (`promtool check
 * metrics` reads no other).
 *
 * @param accept Its `Accept` header.
 */
export function formatFor(accept: string | null): string {
  return accept?.includes("application/openmetrics-text")
    ? Registry.OPENMETRICS_CONTENT_TYPE
    : Registry.PROMETHEUS_CONTENT_TYPE;
}

/**
 * Writes metrics. The library is given what there is to write, and counts nothing
 * itself: each figure has its one place in a run or a server.
 *
 * @param format A media type that {@linkcode formatFor} names.
 */
export async function exposition(
  families: readonly Family[],
  format: string,
): Promise<string> {
  const registry = new Registry(format);
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue;
    const metric = {
      // In OpenMetrics, the registry changes it.
      name,
      type,
      get: () => ({
        name: metric.name,
        type,
        help,
        values: samples.map(({ labels, value, part }) => ({
          labels,
          value,
          metricName: part && name + part,
        })),
      }),
    };
    registry.registerMetric(metric);
  }
  return await registry.metrics();
}
