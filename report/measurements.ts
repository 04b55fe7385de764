/**
 * What runs came to, in figures.
 *
 * @module
 */
import { formatDuration, formatRate, trimZeros } from "../text/format.ts";
import { mergeDelays } from "../measure/round_trips.ts";
import type { DelaySummary } from "../events/mod.ts";
import type { ClientRun } from "./runs.ts";

/** A run's figures; what a run has no figure for is absent. */
export interface Measurements {
  /** Messages sent. */
  sent: number;
  /** Messages whose answer came back whole. */
  received: number;
  /** Bytes sent. */
  bytes_sent: number;
  /** Bytes received. */
  bytes_received: number;
  /** How long it took. */
  duration_us: number;
  /** Messages that came back a second. */
  messages_per_second: number;
  /** Bytes sent a second. */
  sent_bytes_per_second: number;
  /** Bytes received a second. */
  received_bytes_per_second: number;
  /** Round-trip delays, in microseconds. */
  rtt_us?: DelaySummary;
  /** Messages without an answer in time (UDP). */
  lost?: number;
  /** Answers to messages given up by then (UDP). */
  late?: number;
  /** Answers that had been counted before (UDP). */
  duplicates?: number;
  /** Answers that came after one to a later message (UDP). */
  reordered?: number;
  /** Answers that were not what was sent (UDP). */
  corrupted?: number;
  /** Variation of the delay, in microseconds (UDP). */
  jitter_us?: number;
  /** Connections that failed, or failures to send and receive. */
  errors?: number;
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

/**
 * A run's figures: those of its result, or of a run that was cut off what its
 * seconds come to, without delays. `undefined` for a run that never came to send.
 */
export function measurementsOf(run: ClientRun): Measurements | undefined {
  const { result, intervals } = run;
  if (result !== undefined) {
    const { duration_us, measured, datagrams } = result;
    const seconds = duration_us / 1e6;
    const each = (total: number) => seconds > 0 ? total / seconds : 0;
    return {
      sent: result.messages_sent,
      received: result.messages_received,
      bytes_sent: result.bytes_sent,
      bytes_received: result.bytes_received,
      duration_us,
      messages_per_second: measured?.messages_per_second ??
        each(result.messages_received),
      sent_bytes_per_second: measured?.sent_bytes_per_second ??
        each(result.bytes_sent),
      received_bytes_per_second: measured?.received_bytes_per_second ??
        each(result.bytes_received),
      rtt_us: result.rtt_us,
      lost: datagrams?.lost,
      late: datagrams?.late,
      duplicates: datagrams?.duplicates,
      reordered: datagrams?.reordered,
      corrupted: datagrams?.corrupted,
      jitter_us: datagrams?.jitter_us,
      errors: measured?.errors,
    };
  }
  if (intervals.length === 0) return undefined;
  const seconds = sum(intervals.map(({ interval_us }) => interval_us)) / 1e6;
  const sent = sum(intervals.map(({ bytes_sent }) => bytes_sent));
  const received = sum(intervals.map(({ bytes_received }) => bytes_received));
  const messages = sum(
    intervals.map(({ messages_received }) => messages_received),
  );
  return {
    sent: sum(intervals.map(({ messages_sent }) => messages_sent)),
    received: messages,
    bytes_sent: sent,
    bytes_received: received,
    duration_us: seconds * 1e6,
    messages_per_second: messages / seconds,
    sent_bytes_per_second: sent / seconds,
    received_bytes_per_second: received / seconds,
    // Percentiles of its seconds cannot be made into those of the run.
    lost: intervals.every(({ lost }) => lost === undefined)
      ? undefined
      : sum(intervals.map(({ lost = 0 }) => lost)),
  };
}

/** What several runs came to, as one; percentiles are of all their messages. */
export type Merged = Pick<
  Measurements,
  "sent" | "received" | "rtt_us" | "lost" | "corrupted" | "errors"
>;

/**
 * Sums up several runs as one. Percentiles come from the added histograms;
 * a sum is absent where no run has such a figure.
 */
export async function mergeMeasurements(
  runs: readonly Merged[],
): Promise<Merged> {
  const total = (key: "lost" | "corrupted" | "errors") => {
    const known = runs.flatMap((run) => run[key] ?? []);
    return known.length === 0 ? undefined : sum(known);
  };
  return {
    sent: sum(runs.map(({ sent }) => sent)),
    received: sum(runs.map(({ received }) => received)),
    rtt_us: await mergeDelays(
      runs.flatMap(({ rtt_us }) =>
        rtt_us?.histogram === undefined ? [] : rtt_us
      ),
    ),
    lost: total("lost"),
    corrupted: total("corrupted"),
    errors: total("errors"),
  };
}

const exactDuration = (microseconds: number) =>
  trimZeros(formatDuration(microseconds));

/** `8 connections, 64 bytes, 1000/s, 10 s`: what was asked of a run. */
export function settingsOf(run: ClientRun): string {
  const { started, role } = run;
  const transport = role === "tcp-client" ? "TCP" : "UDP";
  if (started === undefined) return transport;
  const { connections, pipeline, size, service } = started;
  const { rate_per_second, interval_us, count, duration_us, warmup_us } =
    started;
  const noun = role === "tcp-client" ? "connection" : "socket";
  const parts = [
    transport,
    `${connections} ${noun}${connections === 1 ? "" : "s"}`,
    `${size} byte${size === 1 ? "" : "s"}`,
  ];
  if (service !== "echo") parts.push(service);
  if (rate_per_second !== undefined) {
    parts.push(`${formatRate(rate_per_second)}/s`);
  }
  if (pipeline !== undefined && pipeline > 1) parts.push(`${pipeline} deep`);
  if (interval_us !== undefined) {
    parts.push(`every ${exactDuration(interval_us)}`);
  }
  if (count !== undefined) parts.push(`${count} messages`);
  if (duration_us !== undefined) parts.push(exactDuration(duration_us));
  if (warmup_us !== undefined) {
    parts.push(`after ${exactDuration(warmup_us)} of warm-up`);
  }
  return parts.join(", ");
}
