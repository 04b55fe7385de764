/**
 * The metrics of a program's process.
 *
 * @module
 */
import process from "node:process";
import configuration from "../../deno.json" with { type: "json" };
import type { Role } from "../../events/line.ts";
import { type Family, family } from "./family.ts";

/** What a process's metrics are, with the names that all exporters give them. */
export function processFamilies(role: Role): Family[] {
  const { user, system } = process.cpuUsage();
  const one = (
    type: "counter" | "gauge",
    name: string,
    help: string,
    value: number,
    labels = {},
  ) => family(type, name, help, [value], () => [{ labels, value }]);
  return [
    one(
      "gauge",
      "echosounder_build_info",
      "The program and its version; always 1.",
      1,
      { role, version: configuration.version, deno: Deno.version.deno },
    ),
    one(
      "counter",
      "process_cpu_seconds_total",
      "Processor time used, in user and system mode.",
      (user + system) / 1e6,
    ),
    one(
      "gauge",
      "process_resident_memory_bytes",
      "Resident memory.",
      Deno.memoryUsage().rss,
    ),
    one(
      "gauge",
      "process_start_time_seconds",
      "When the process started, in seconds since the epoch.",
      performance.timeOrigin / 1000,
    ),
  ];
}
