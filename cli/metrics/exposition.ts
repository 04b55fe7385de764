/**
 * Metrics as text that Prometheus reads.
 *
 * @module
 */
// The library's module that writes; the others count, and are six times as large.
// @ts-types="./registry.d.ts"
import Registry from "prom-client/registry";
import type { Family } from "./family.ts";
import { Slices } from "./slices.ts";

/** How many series are written at once. */
const PORTION = 200;

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
  const isOpenMetrics = format === Registry.OPENMETRICS_CONTENT_TYPE;
  const slices = new Slices();
  const parts: string[] = [];
  for (const { name, type, help, samples } of families) {
    // In OpenMetrics, a counter's series end in what its family does not.
    const isShort = isOpenMetrics && type === "counter";
    for (let i = 0; i < samples.length; i += PORTION) {
      const text = await registry.getMetricsAsString({
        get: () => ({
          name: isShort ? name.replace(/_total$/, "") : name,
          type,
          help,
          values: samples.slice(i, i + PORTION).map((sample) => ({
            labels: sample.labels,
            sharedLabels: sample.shared,
            value: sample.value,
            metricName: sample.part && name + sample.part,
          })),
        }),
      });
      // Only the first portion of a family has its head.
      parts.push(i === 0 ? text : text.replace(/^(#.*\n)+/, ""));
      await slices.next();
    }
  }
  return [...parts, ...isOpenMetrics ? ["# EOF"] : [], ""].join("\n");
}
