/**
 * The metrics of a run, in one table: `--expect` and its help, a report's columns
 * and comparisons, and the reference's list come from it.
 *
 * @module
 */
import type {
  DatagramCounts,
  DelaySummary,
  Measured,
  ResultEvent,
  Service,
  Speed,
  Transport,
  UnderLoad,
} from "../events/mod.ts";

/**
 * What kind of figure a metric is.
 *
 * - `time`: microseconds.
 * - `share`: a number of the messages sent.
 * - `count`: a number.
 * - `percentage`: percent of a whole.
 * - `rate`: messages a second.
 * - `throughput`: bytes a second.
 * - `frequency`: round trips a minute.
 */
export type MetricKind =
  | "time"
  | "share"
  | "count"
  | "percentage"
  | "rate"
  | "throughput"
  | "frequency";

/** A figure of round-trip delays. */
export type DelayFigure = Exclude<keyof DelaySummary, "count" | "histogram">;

/** A metric's name. */
export type Metric =
  | DelayFigure
  | "jitter"
  | "loss"
  | "outages"
  | "outage"
  | "availability"
  | "late"
  | "duplicated"
  | "reordered"
  | "corrupted"
  | "errors"
  | "rate"
  | "throughput"
  | "loaded.p99"
  | "responsiveness";

/** What metrics are read from: a result, or its known part where there is none. */
export interface RunFigures extends Pick<ResultEvent, "messages_sent"> {
  /** Round-trip delays. */
  rtt_us?: DelaySummary;
  /** Counts of its datagrams. */
  datagrams?: Partial<DatagramCounts>;
  /** Its speed and errors. */
  measured?:
    & Partial<Speed>
    & Partial<Pick<Measured, "errors" | "lost" | "outages" | "under_load">>;
}

/** The definition of a metric. */
export interface MetricDefinition {
  /** What it counts or measures, in words. */
  of: string;
  /** What kind of figure it is. */
  kind: MetricKind;
  /** The services against which it can be known, by transport. */
  services: Partial<Record<Transport, readonly Service[]>>;
  /** Reads it from a run; `undefined` where the run has no such figure. */
  read: (run: RunFigures) => number | undefined;
  /** Whether more of it is better. */
  isMoreBetter: boolean;
  /** Where a report shows it: in every table, only in tables for programs, or not by itself. */
  column: "always" | "for-programs" | "none";
  /** Whether runs are compared by it. */
  isCompared: boolean;
  /** Whether it says how much is lost: a run that is expected to lose some does not fail by a loss. */
  isLoss?: true;
  /** Whether only a run under load has it. */
  isOfLoad?: true;
  /** Which percentile of the delays it is. */
  percent?: number;
}

/** A figure of the delays. */
function delay(
  name: DelayFigure,
  column: MetricDefinition["column"],
): MetricDefinition {
  return {
    of: "round trips",
    kind: "time",
    services: { TCP: ["echo"], UDP: ["echo"] },
    read: ({ rtt_us }) => rtt_us?.[name],
    isMoreBetter: false,
    column,
    isCompared: false,
  };
}

function percentile(
  name: DelayFigure & `p${number}`,
  column: MetricDefinition["column"] = "always",
): MetricDefinition {
  const percent = Number(name.slice(1));
  return { ...delay(name, column), percent, isCompared: true };
}

/** A count of a run's datagrams. */
function fate(
  key: "lost" | "late" | "duplicates" | "reordered" | "corrupted",
  more: Partial<MetricDefinition> = {},
): MetricDefinition {
  return {
    of: "UDP datagrams",
    kind: "share",
    services: { UDP: ["echo"] },
    read: ({ datagrams }) => datagrams?.[key],
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
    ...more,
  };
}

/** A figure of a run's outages. */
function outage(
  kind: MetricKind,
  key: "count" | "longest_us" | "availability_percent",
  of = "times in which nothing came back",
): MetricDefinition {
  return {
    of,
    kind,
    services: { TCP: ["echo"], UDP: ["echo", "chargen"] },
    read: ({ measured }) => measured?.outages?.[key],
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
    isLoss: true,
  };
}

/** All metrics, by name. */
export const METRICS: Readonly<Record<Metric, MetricDefinition>> = {
  "min": delay("min", "for-programs"),
  "mean": delay("mean", "for-programs"),
  "p50": percentile("p50"),
  "p90": percentile("p90"),
  "p95": percentile("p95", "for-programs"),
  "p99": percentile("p99"),
  "p99.9": percentile("p99.9"),
  "p99.99": percentile("p99.99", "for-programs"),
  "max": delay("max", "always"),
  "jitter": {
    of: "their variation, UDP",
    kind: "time",
    services: { UDP: ["echo"] },
    read: ({ datagrams }) => datagrams?.jitter_us,
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
  },
  "loss": fate("lost", {
    of: "messages sent; TCP: with --interval",
    services: { TCP: ["echo"], UDP: ["echo", "chargen"] },
    read: ({ datagrams, measured }) => datagrams?.lost ?? measured?.lost,
    column: "always",
    isCompared: true,
    isLoss: true,
  }),
  "outages": outage("count", "count"),
  "outage": outage("time", "longest_us", "their longest"),
  "availability": {
    ...outage("percentage", "availability_percent", "time without one"),
    isMoreBetter: true,
  },
  "late": fate("late"),
  "duplicated": fate("duplicates"),
  "reordered": fate("reordered"),
  "corrupted": fate("corrupted", { isCompared: true }),
  "errors": {
    of: "connections that failed, or refused datagrams",
    kind: "count",
    services: {
      TCP: ["echo", "discard", "chargen"],
      UDP: ["echo", "discard", "chargen"],
    },
    read: ({ measured }) => measured?.errors,
    isMoreBetter: false,
    column: "for-programs",
    isCompared: true,
  },
  "rate": {
    of: "messages back (TCP discard: out) a second",
    kind: "rate",
    services: { TCP: ["echo", "discard"], UDP: ["echo", "chargen"] },
    read: ({ measured }) => measured?.messages_per_second,
    isMoreBetter: true,
    column: "always",
    isCompared: true,
  },
  "throughput": {
    of: "bytes back (TCP discard: out) a second",
    kind: "throughput",
    services: {
      TCP: ["echo", "discard", "chargen"],
      UDP: ["echo", "chargen"],
    },
    // Where nothing comes back, what goes out is all that there is to see.
    read: ({ measured }) =>
      measured?.received_bytes_per_second || measured?.sent_bytes_per_second,
    isMoreBetter: true,
    // A report shows both directions.
    column: "none",
    isCompared: true,
  },
  "loaded.p99": {
    of: "round trips, the worst loaded phase",
    kind: "time",
    services: { TCP: ["echo"], UDP: ["echo"] },
    read: ({ measured }) => worstOf(measured?.under_load),
    isMoreBetter: false,
    column: "for-programs",
    isCompared: true,
    isOfLoad: true,
  },
  "responsiveness": {
    of: "round trips a minute in the worst one",
    kind: "frequency",
    services: { TCP: ["echo"], UDP: ["echo"] },
    read: ({ measured }) => measured?.under_load?.responsiveness,
    isMoreBetter: true,
    column: "for-programs",
    isCompared: true,
    isOfLoad: true,
  },
};

/** The largest 99th percentile of the loaded phases; absent where one has none. */
function worstOf(underLoad: UnderLoad | undefined): number | undefined {
  const loaded = underLoad?.phases.filter(({ phase }) => phase !== "quiet")
    .map(({ rtt_us }) => rtt_us?.p99);
  return loaded === undefined || loaded.length === 0 ||
      loaded.includes(undefined)
    ? undefined
    : Math.max(...loaded as number[]);
}

/** All metrics, in order. */
export const METRIC_LIST: readonly (MetricDefinition & { name: Metric })[] =
  (Object.keys(METRICS) as Metric[]).map((name) => ({
    name,
    ...METRICS[name],
  }));

/** The metrics that can be known over a transport, against one service or any. */
export function metricsOver(transport: Transport, service?: Service): Metric[] {
  return METRIC_LIST.filter(({ services }) => {
    const known = services[transport];
    return service === undefined
      ? known !== undefined
      : known?.includes(service);
  }).map(({ name }) => name);
}

/** A count as percent of the messages sent. */
export function shareOf(count: number, messagesSent: number): number {
  return 100 * count / Math.max(messagesSent, 1);
}
