/**
 * The figures of runs.
 *
 * @module
 */
import {
  formatDuration,
  formatExactByteRate,
  formatRate,
  plural,
  trimZeros,
} from "../text/format.ts";
import { mergeDelays } from "../measure/round_trips.ts";
import type { RunFigures } from "../measure/metrics.ts";
import type {
  Counts,
  DelaySummary,
  Direction,
  IntervalEvent,
  Measured,
  OutageSummary,
  Speed,
  StartedEvent,
} from "../events/mod.ts";
import type { ClientRun } from "./runs.ts";

/** A run's figures, in the form of a result; what a run has no figure for is absent. */
export interface Measurements extends RunFigures, Counts {
  /** How long it took. */
  duration_us: number;
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

/**
 * A run's figures: those of its result, or for a run that was cut off the sums of
 * its intervals, with the delays and outages that are left of it. `undefined` for a
 * run that sent nothing.
 */
export function measurementsOf(run: ClientRun): Measurements | undefined {
  const { result, intervals, salvaged } = run;
  if (result !== undefined) {
    const { messages_sent, messages_received, bytes_sent, bytes_received } =
      result;
    const { duration_us, rtt_us, datagrams, directions, measured, idle } =
      result;
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
      directions: directions && {
        out: directions.out,
        back: directions.back,
        reflector_us: directions.reflector_us,
      },
      idle,
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
  const lost = intervals.every(({ lost }) => lost === undefined)
    ? undefined
    : total(({ lost = 0 }) => lost);
  const isDatagrams = run.transport === "UDP" && lost !== undefined;
  return {
    ...counts,
    duration_us,
    rtt_us: salvaged?.rtt_us,
    datagrams: isDatagrams ? { lost } : undefined,
    measured: {
      ...speedOf(counts, duration_us),
      lost: isDatagrams ? undefined : lost,
      outages: salvaged?.outages,
    },
  };
}

/** The figures that describe the path, not the client. */
function figuresOf(measured: Measured): Measurements["measured"] {
  const { messages_per_second, errors, connects, flows, lost, outages } =
    measured;
  const { under_load } = measured;
  const { sent_bytes_per_second, received_bytes_per_second } = measured;
  return {
    messages_per_second,
    sent_bytes_per_second,
    received_bytes_per_second,
    errors,
    flows,
    connects,
    lost,
    outages,
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
 * is absent unless all of them have the figure.
 */
export async function mergeMeasurements(
  runs: readonly Measurements[],
): Promise<Merged> {
  // What one of them cannot tell is not known of all: as a share of all messages, the
  // count of the others would be too small.
  const total = (read: (run: Measurements) => number | undefined) => {
    const known = runs.flatMap((run) => read(run) ?? []);
    return known.length < runs.length ? undefined : sum(known);
  };
  const delays = (read: (run: Merged) => DelaySummary | undefined) =>
    mergeDelays(runs.flatMap((run) => {
      const known = read(run);
      return known?.histogram === undefined ? [] : known;
    }));
  const way = async (name: "out" | "back"): Promise<Direction> => ({
    lost: total(({ directions }) => directions?.[name].lost),
    duplicates: total(({ directions }) => directions?.[name].duplicates),
    reordered: total(({ directions }) => directions?.[name].reordered),
    variation_us: await delays(({ directions }) =>
      directions?.[name].variation_us
    ),
  });
  return {
    messages_sent: sum(runs.map(({ messages_sent }) => messages_sent)),
    messages_received: sum(
      runs.map(({ messages_received }) => messages_received),
    ),
    rtt_us: await delays(({ rtt_us }) => rtt_us),
    datagrams: {
      lost: total(({ datagrams }) => datagrams?.lost),
      corrupted: total(({ datagrams }) => datagrams?.corrupted),
    },
    directions: runs.every(({ directions }) => directions === undefined)
      ? undefined
      : {
        out: await way("out"),
        back: await way("back"),
        reflector_us: await delays(({ directions }) =>
          directions?.reflector_us
        ),
      },
    measured: {
      errors: total(({ measured }) => measured?.errors),
      lost: total(({ measured }) => measured?.lost),
      outages: mergeOutages(runs),
    },
  };
}

/** The outages of several runs; the availability is the mean over their time. */
function mergeOutages(
  runs: readonly Measurements[],
): OutageSummary | undefined {
  const known = runs.flatMap(({ duration_us, measured }) =>
    measured?.outages === undefined
      ? []
      : { duration_us, outages: measured.outages }
  );
  if (known.length === 0) return undefined;
  const outages = known.map(({ outages }) => outages);
  const longest = outages.reduce((one, other) =>
    other.longest_us > one.longest_us ? other : one
  );
  const duration = sum(known.map(({ duration_us }) => duration_us));
  const available = known.map(({ duration_us, outages }) =>
    (outages.availability_percent ?? NaN) * duration_us
  );
  const availability = Math.round(1e4 * sum(available) / duration) / 1e4;
  return {
    count: sum(outages.map(({ count }) => count)),
    total_us: sum(outages.map(({ total_us }) => total_us)),
    longest_us: longest.longest_us,
    availability_percent: Number.isNaN(availability) ? undefined : availability,
    listed: longest.listed,
  };
}

const exactDuration = (microseconds: number) =>
  trimZeros(formatDuration(microseconds));

/** `8 connections, 64 bytes, 1000/s, 10 s`: the settings of a run. */
export function settingsOf(run: ClientRun): string {
  return settingsWith(run, (started) => {
    const { smallest_size, size } = started;
    return smallest_size === undefined
      ? plural(size, "byte")
      : `${smallest_size} to ${size} bytes`;
  });
}

/** All settings but the size, by which the runs of a sweep differ. */
export function settingsWithoutSize(run: ClientRun): string {
  return settingsWith(run, () => "");
}

function settingsWith(
  { started, transport }: ClientRun,
  sizeText: (started: StartedEvent) => string,
): string {
  if (started === undefined) return transport;
  const { connections, workers, pipeline, service } = started;
  const { rate_per_second, interval_us, count, duration_us, warmup_us } =
    started;
  const { bandwidth_bytes_per_second, burst } = started;
  const { under_load } = started;
  const noun = transport === "TCP" ? "connection" : "socket";
  const parts = [
    transport,
    plural(connections, noun),
    ...service === "connect" ? [] : [sizeText(started)],
  ];
  if (service !== "echo") parts.push(service);
  if (rate_per_second !== undefined) {
    parts.push(`${formatRate(rate_per_second)}/s`);
  }
  if (bandwidth_bytes_per_second !== undefined) {
    parts.push(formatExactByteRate(bandwidth_bytes_per_second));
  }
  if (burst !== undefined) parts.push(`bursts of ${burst}`);
  if (workers !== undefined) parts.push(`${workers} threads`);
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
