/**
 * Runs to be compared, by the figures that a test wants.
 *
 * @module
 */
import type { Measurements } from "../../report/mod.ts";

/** A run with these figures, and enough messages for each. */
export function run(
  { p50, p99 = 10 * p50, lost = 0 }: {
    p50: number;
    p99?: number;
    lost?: number;
  },
): Measurements {
  return {
    messages_sent: 10_000,
    messages_received: 10_000 - lost,
    bytes_sent: 640_000,
    bytes_received: 640_000,
    duration_us: 1e7,
    rtt_us: { count: 10_000, min: 1, mean: p50, max: 2 * p99, p50, p99 },
    datagrams: { lost },
  };
}

/** Runs with these medians. */
export const runs = (...medians: number[]) =>
  medians.map((p50) => run({ p50 }));
