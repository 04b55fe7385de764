/**
 * The figures of runs.
 *
 * @module
 */
import { formatDuration, formatRate, trimZeros } from "../text/format.ts";
import { mergeDelays } from "../measure/round_trips.ts";
import type { RunFigures } from "../measure/metrics.ts";
import type { Counts, IntervalEvent, Measured, Speed } from "../events/mod.ts";
import type { ClientRun } from "./runs.ts";

/** A run's figures, in the form of a result; what a run has no figure for is absent. */
export interface Measurements extends RunFigures, Counts {
  /** How long it took. */
  duration_us: number;
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

/**
 * A run's figures: those of its result, or for a run that was cut off the sums of
 * its intervals, without delays. `undefined` for a run that sent nothing.
 */
export function measurementsOf(run: ClientRun): Measurements | undefined {
  const { result, intervals } = run;
  if (result !== undefined) {
    const { messages_sent, messages_received, bytes_sent, bytes_received } =
      result;
    const { duration_us, rtt_us, datagrams, measured } = result;
    const counts = {
      messages_sent,
      messages_received,
      bytes_sent,
      bytes_received,
    };
    // A measuring run has rates of its own, absent where they are unknown.
    return {
      ...counts,
      duration_us,
      rtt_us,
      datagrams,
      measured: measured === undefined
        ? speedOf(counts, duration_us)
        : figuresOf(measured),
    };
  }
  if (intervals.length === 0) return undefined;
  const total = (read: (interval: IntervalEvent) => number) =>
    sum(intervals.map(read));
  const counts = {
    messages_sent: total(({ messages_sent }) => messages_sent),
    messages_received: total(({ messages_received }) => messages_received),
    bytes_sent: total(({ bytes_sent }) => bytes_sent),
    bytes_received: total(({ bytes_received }) => bytes_received),
  };
  const duration_us = total(({ interval_us }) => interval_us);
  return {
    ...counts,
    duration_us,
    // Percentiles of intervals cannot be merged into those of the run.
    datagrams: intervals.every(({ lost }) => lost === undefined)
      ? undefined
      : { lost: total(({ lost = 0 }) => lost) },
    measured: speedOf(counts, duration_us),
  };
}

/** The figures that describe the path, not the client. */
function figuresOf(measured: Measured): Measurements["measured"] {
  const { messages_per_second, errors, under_load } = measured;
  const { sent_bytes_per_second, received_bytes_per_second } = measured;
  return {
    messages_per_second,
    sent_bytes_per_second,
    received_bytes_per_second,
    errors,
    under_load,
  };
}

function speedOf(counts: Counts, microseconds: number): Speed {
  const perSecond = (total: number) =>
    microseconds > 0 ? total / microseconds * 1e6 : 0;
  return {
    messages_per_second: perSecond(counts.messages_received),
    sent_bytes_per_second: perSecond(counts.bytes_sent),
    received_bytes_per_second: perSecond(counts.bytes_received),
  };
}

/** The figures of several runs as one; percentiles are of all their messages. */
export type Merged =
  & RunFigures
  & Pick<Measurements, "messages_sent" | "messages_received">;

/**
 * Sums up several runs as one. Percentiles come from the merged histograms; a sum
 * is absent where no run has such a figure.
 */
export async function mergeMeasurements(
  runs: readonly Merged[],
): Promise<Merged> {
  const total = (read: (run: Merged) => number | undefined) => {
    const known = runs.flatMap((run) => read(run) ?? []);
    return known.length === 0 ? undefined : sum(known);
  };
  return {
    messages_sent: sum(runs.map(({ messages_sent }) => messages_sent)),
    messages_received: sum(
      runs.map(({ messages_received }) => messages_received),
    ),
    rtt_us: await mergeDelays(
      runs.flatMap(({ rtt_us }) =>
        rtt_us?.histogram === undefined ? [] : rtt_us
      ),
    ),
    datagrams: {
      lost: total(({ datagrams }) => datagrams?.lost),
      corrupted: total(({ datagrams }) => datagrams?.corrupted),
    },
    measured: { errors: total(({ measured }) => measured?.errors) },
  };
}

const exactDuration = (microseconds: number) =>
  trimZeros(formatDuration(microseconds));

/** `8 connections, 64 bytes, 1000/s, 10 s`: the settings of a run. */
export function settingsOf(run: ClientRun): string {
  const { started, transport } = run;
  if (started === undefined) return transport;
  const { connections, pipeline, size, service } = started;
  const { rate_per_second, interval_us, count, duration_us, warmup_us } =
    started;
  const { under_load } = started;
  const noun = transport === "TCP" ? "connection" : "socket";
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
  if (under_load !== undefined) {
    const { bulk, connections } = under_load;
    parts.push(`under load, ${connections} over ${bulk}`);
  }
  return parts.join(", ");
}
