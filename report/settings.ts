/**
 * Whether runs have the same settings, so that their figures can be compared.
 *
 * @module
 */
import type { StartedEvent } from "../events/mod.ts";
import { plural } from "../text/format.ts";
import { oneLine } from "../text/printable.ts";
import type { ClientRun } from "./runs.ts";

/** A setting in which runs differ. */
export interface DifferingSetting {
  /** Its name. */
  name: string;
  /** Its values, and the sources of the runs that have each. */
  values: { text: string; sources: string[] }[];
}

/**
 * A setting's value in words, different for different values; for one that was not
 * given, what that means.
 */
type Setting = (started: StartedEvent) => string | number;

/** The value for a run that does not report its settings. */
const UNKNOWN = "unknown";

function duration(microseconds: number | undefined): string {
  if (microseconds === undefined) return "none";
  return microseconds < 1e6
    ? `${microseconds / 1e3} ms`
    : `${microseconds / 1e6} s`;
}

/**
 * Every setting: how it is shown, or `null` where it may differ. The peer may be
 * what is compared; duration and warm-up change no share, rate or percentile of
 * enough messages.
 */
const SETTINGS: Record<keyof Omit<StartedEvent, "event">, Setting | null> = {
  target: null,
  peer_host: null,
  peer_port: null,
  label: null,
  source_label: null,
  service: ({ service }) => service,
  size: ({ size }) => plural(size, "byte"),
  smallest_size: ({ smallest_size }) =>
    smallest_size === undefined ? "none drawn" : plural(smallest_size, "byte"),
  seed: null,
  connections: ({ connections }) => connections,
  workers: ({ workers = 1 }) => workers,
  local_port: null,
  pipeline: ({ pipeline = "no limit" }) => pipeline,
  rate_per_second: ({ rate_per_second }) =>
    rate_per_second === undefined ? "as answers come" : `${rate_per_second}/s`,
  bandwidth_bytes_per_second: ({ bandwidth_bytes_per_second: bandwidth }) =>
    bandwidth === undefined ? "none" : `${bandwidth} bytes/s`,
  burst: ({ burst = 1 }) => burst,
  count: null,
  duration_us: null,
  interval_us: ({ interval_us }) => duration(interval_us),
  warmup_us: null,
  shortest_idle_us: null,
  longest_idle_us: null,
  at_most_us: null,
  timeout_us: ({ timeout_us }) => duration(timeout_us),
  under_load: ({ under_load }) =>
    under_load === undefined
      ? "no load"
      : `load ${under_load.connections} over ${under_load.bulk}`,
};

/**
 * The settings that differ and that figures depend on: transport, service, size,
 * connections, workers, pipeline, rate, bandwidth, burst, interval, and timeout, which
 * decides what is lost.
 * A run's peer may differ, since two servers can be what is compared; so may its
 * count, duration and warm-up: figures are rates, shares and percentiles of what
 * was measured, and percentiles of too few messages are not judged.
 *
 * A run that does not report its settings, such as one that sent a single message,
 * differs from those that do.
 *
 * @param runs All the runs that are to be compared, on either side.
 *
 * @example
 * ```ts
 * import { differingSettings, readRuns } from "./report/mod.ts";
 *
 * const { clients } = await readRuns([{ name: "run.jsonl", text: "" }]);
 * console.log(differingSettings(clients)); // []
 * ```
 */
export function differingSettings(
  runs: readonly ClientRun[],
): DifferingSetting[] {
  const settings: [name: string, read: (run: ClientRun) => string][] = [
    ["transport", ({ transport }) => transport],
  ];
  for (const [key, setting] of Object.entries(SETTINGS)) {
    if (setting === null) continue;
    const name = key.replace(/_us$|(_bytes)?_per_second$/, "")
      .replace("_", " ");
    settings.push([
      name,
      ({ started }) => started ? String(setting(started)) : UNKNOWN,
    ]);
  }
  return settings.flatMap(([name, read]) => {
    const sources = Map.groupBy(runs, read);
    if (sources.size < 2) return [];
    const values = [...sources].map(([text, runs]) => ({
      text,
      sources: runs.map(({ source }) => source),
    }));
    return [{ name, values }];
  });
}

/** The most sources that are named for one value of a setting. */
const MOST_SOURCES = 3;

/** `service: echo (a.jsonl), discard (b.jsonl)`: a setting that differs, in a line. */
export function describeDifference({ name, values }: DifferingSetting): string {
  const each = values.map(({ text, sources }) => {
    const more = sources.length - MOST_SOURCES;
    const named = sources.slice(0, MOST_SOURCES).map(oneLine).join(", ");
    return `${text} (${named}${more > 0 ? ` and ${more} more` : ""})`;
  });
  return `${name}: ${each.join(", ")}`;
}
