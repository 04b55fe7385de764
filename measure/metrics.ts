/**
 * The metrics of a run, in one table: `--expect` and its help, a report's columns
 * and comparisons, and the reference's list come from it.
 *
 * @module
 */
import type {
  DatagramCounts,
  DelaySummary,
  Directions,
  FlowFigures,
  IdleSurvival,
  Measured,
  OutageSummary,
  Probe,
  ResultEvent,
  Speed,
  Transport,
  UnderLoad,
} from "../events/mod.ts";

/**
 * What kind of figure a metric is.
 *
 * - `time`: microseconds.
 * - `share`: a number of the messages sent, by all flows or by one.
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
  | "flow.loss"
  | "flows.bad"
  | `${"loss" | "duplicates" | "reordered" | "jitter"}.${"out" | "back"}`
  | `variation.${"out" | "back"}.${"p50" | "p99" | "max"}`
  | `delay.${"out" | "back"}.${"min" | "p50" | "p99"}`
  | `reflector.${"p50" | "p99" | "max"}`
  | "refused"
  | "timeouts"
  | "errors"
  | "rate"
  | "throughput"
  | "loaded.p99"
  | "responsiveness"
  | "idle";

/** What metrics are read from: a result, or its known part where there is none. */
export interface RunFigures extends Pick<ResultEvent, "messages_sent"> {
  /** Round-trip delays. */
  rtt_us?: DelaySummary;
  /** Counts of its datagrams. */
  datagrams?: Partial<DatagramCounts>;
  /** What happened on each way of its path. */
  directions?: Pick<Directions, "out" | "back" | "reflector_us">;
  /** Its speed and errors. */
  measured?:
    & Partial<Speed>
    & Partial<
      Pick<
        Measured,
        "connects" | "errors" | "flows" | "lost" | "outages" | "under_load"
      >
    >;
  /** How long idle connections live. */
  idle?: Pick<IdleSurvival, "survived_us">;
}

/** The definition of a metric. */
export interface MetricDefinition {
  /** What it counts or measures, in words. */
  of: string;
  /** What kind of figure it is. */
  kind: MetricKind;
  /** The services, and other tests, by which it can be known over each transport. */
  services: Partial<Record<Transport, readonly Probe[]>>;
  /** Reads it from a run; `undefined` where the run has no such figure. */
  read: (run: RunFigures) => number | undefined;
  /** Of a share: of how many messages; of all that were sent where it is absent. */
  readWhole?: (run: RunFigures) => number | undefined;
  /** Whether more of it is better. */
  isMoreBetter: boolean;
  /**
   * Where a report shows it: in every table, in those of runs with outages and for
   * programs, only in tables for programs, or not by itself.
   */
  column: "always" | "with-outages" | "for-programs" | "none";
  /** Whether runs are compared by it. */
  isCompared: boolean;
  /** Whether it says how much is lost: a run that is expected to lose some does not fail by a loss. */
  isLoss?: true;
  /** Whether only a run under load has it. */
  isOfLoad?: true;
  /** Which percentile of the delays it is. */
  percent?: number;
  /** How far a run's figure may be off, in its unit. */
  uncertainty?: (run: RunFigures) => number | undefined;
}

/** A figure of the delays. */
function delay(
  name: DelayFigure,
  column: MetricDefinition["column"],
): MetricDefinition {
  return {
    of: "round trips; with --connect-only, times to connect",
    kind: "time",
    services: { TCP: ["echo", "connect"], UDP: ["echo", "stamp"] },
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
    services: { UDP: ["echo", "stamp"] },
    read: ({ datagrams }) => datagrams?.[key],
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
    ...more,
  };
}

/** A count of a run's attempts to connect that failed. */
function connectFailure(key: "refused" | "timed_out"): MetricDefinition {
  return {
    of: "attempts to connect, with --connect-only",
    kind: "share",
    services: { TCP: ["connect"] },
    read: ({ measured }) => measured?.connects?.[key],
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
    isLoss: true,
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
    services: { TCP: ["echo", "connect"], UDP: ["echo", "chargen", "stamp"] },
    read: ({ measured }) => measured?.outages?.[key],
    isMoreBetter: false,
    column: "with-outages",
    isCompared: false,
    isLoss: true,
  };
}

type PartialDirections = NonNullable<RunFigures["directions"]>;

type Way = "out" | "back";

/** A figure of one way, as STAMP tells it. */
function directed(
  of: string,
  kind: MetricKind,
  read: (directions: PartialDirections) => number | undefined,
  more: Partial<MetricDefinition> = {},
): MetricDefinition {
  return {
    of,
    kind,
    services: { UDP: ["stamp"] },
    read: ({ directions }) => directions && read(directions),
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
    ...more,
  };
}

/** A count of one way. */
function directedCount(
  way: Way,
  key: "lost" | "duplicates" | "reordered",
  more?: Partial<MetricDefinition>,
): MetricDefinition {
  return directed(
    "UDP datagrams on each way, STAMP",
    "share",
    (all) => all[way][key],
    more,
  );
}

/** Delays of one way, or between both. */
function directedDelay(
  of: string,
  read: (directions: PartialDirections) => DelaySummary | undefined,
  figure: DelayFigure,
  isShown = false,
): MetricDefinition {
  const percent = figure.startsWith("p") ? Number(figure.slice(1)) : undefined;
  return directed(of, "time", (all) => read(all)?.[figure], {
    percent,
    column: isShown ? "always" : "for-programs",
    isCompared: isShown,
  });
}

const variation = (way: Way, figure: DelayFigure, isShown = false) =>
  directedDelay(
    "delay beyond the fastest, each way",
    (all) => all[way].variation_us,
    figure,
    isShown,
  );

const oneWayDelay = (way: Way, figure: DelayFigure) =>
  directedDelay(
    "delay each way, by synchronized clocks",
    (all) => all[way].delay_us,
    figure,
  );

const reflectorTime = (figure: DelayFigure, isShown = false) =>
  directedDelay(
    "time within the reflector",
    ({ reflector_us }) => reflector_us,
    figure,
    isShown,
  );

const directedJitter = (way: Way) =>
  directed(
    "variation from one to the next, each way",
    "time",
    (all) => all[way].jitter_us,
  );

/** The flow that lost the largest share. */
function worstFlow({ measured }: RunFigures): FlowFigures | undefined {
  const share = ({ lost = 0, sent }: FlowFigures) => shareOf(lost, sent);
  return measured?.flows?.each.reduce<FlowFigures | undefined>(
    (worst, each) =>
      worst === undefined || share(each) > share(worst) ? each : worst,
    undefined,
  );
}

/** What is shown of losses each way. */
const LOSS: Partial<MetricDefinition> = { column: "always", isCompared: true };

/** How far an availability may be off: each outage by about as much as those listed. */
function availabilityError(
  outages: OutageSummary | undefined,
): number | undefined {
  if (!outages?.total_us || outages.availability_percent === undefined) {
    return undefined;
  }
  const { count, total_us, availability_percent, listed } = outages;
  const errors = listed.flatMap(({ uncertainty_us }) => uncertainty_us ?? []);
  if (errors.length === 0) return undefined;
  const mean = errors.reduce((sum, each) => sum + each, 0) / errors.length;
  return (100 - availability_percent) * count * mean / total_us;
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
    services: { UDP: ["echo", "stamp"] },
    read: ({ datagrams }) => datagrams?.jitter_us,
    isMoreBetter: false,
    column: "for-programs",
    isCompared: false,
  },
  "loss": fate("lost", {
    of: "messages sent; TCP: with --interval or --connect-only",
    services: { TCP: ["echo", "connect"], UDP: ["echo", "chargen", "stamp"] },
    read: ({ datagrams, measured }) => datagrams?.lost ?? measured?.lost,
    column: "always",
    isCompared: true,
    isLoss: true,
  }),
  "outages": outage("count", "count"),
  "outage": {
    ...outage("time", "longest_us", "their longest"),
    isCompared: true,
    uncertainty: ({ measured }) =>
      measured?.outages?.listed.find(({ outage_us }) =>
        outage_us === measured.outages?.longest_us
      )?.uncertainty_us,
  },
  "availability": {
    ...outage("percentage", "availability_percent", "time without one"),
    isMoreBetter: true,
    isCompared: true,
    uncertainty: ({ measured }) => availabilityError(measured?.outages),
  },
  "late": fate("late"),
  "duplicated": fate("duplicates"),
  "reordered": fate("reordered"),
  "corrupted": fate("corrupted", { isCompared: true }),
  "flow.loss": fate("lost", {
    of: "UDP datagrams of the socket that lost the largest share",
    read: (run) => worstFlow(run)?.lost,
    readWhole: (run) => worstFlow(run)?.sent,
  }),
  "flows.bad": {
    of: "connections or sockets that fare worse than the rest",
    kind: "count",
    services: { TCP: ["echo"], UDP: ["echo", "stamp"] },
    read: ({ measured }) => measured?.flows?.bad,
    isMoreBetter: false,
    column: "always",
    // Other ports meet other members, and more messages find more.
    isCompared: false,
  },
  "loss.out": directedCount("out", "lost", LOSS),
  "loss.back": directedCount("back", "lost", LOSS),
  "duplicates.out": directedCount("out", "duplicates"),
  "duplicates.back": directedCount("back", "duplicates"),
  "reordered.out": directedCount("out", "reordered"),
  "reordered.back": directedCount("back", "reordered"),
  "jitter.out": directedJitter("out"),
  "jitter.back": directedJitter("back"),
  "variation.out.p50": variation("out", "p50"),
  "variation.out.p99": variation("out", "p99", true),
  "variation.out.max": variation("out", "max"),
  "variation.back.p50": variation("back", "p50"),
  "variation.back.p99": variation("back", "p99", true),
  "variation.back.max": variation("back", "max"),
  "delay.out.min": oneWayDelay("out", "min"),
  "delay.out.p50": oneWayDelay("out", "p50"),
  "delay.out.p99": oneWayDelay("out", "p99"),
  "delay.back.min": oneWayDelay("back", "min"),
  "delay.back.p50": oneWayDelay("back", "p50"),
  "delay.back.p99": oneWayDelay("back", "p99"),
  "reflector.p50": reflectorTime("p50"),
  "reflector.p99": reflectorTime("p99", true),
  "reflector.max": reflectorTime("max"),
  "refused": connectFailure("refused"),
  "timeouts": connectFailure("timed_out"),
  "errors": {
    of: "connections that failed, or refused datagrams",
    kind: "count",
    services: {
      TCP: ["echo", "discard", "chargen", "connect"],
      UDP: ["echo", "discard", "chargen", "stamp"],
    },
    read: ({ measured }) => measured?.errors,
    isMoreBetter: false,
    column: "for-programs",
    isCompared: true,
  },
  "rate": {
    of: "messages back (TCP discard: out), or connects, a second",
    kind: "rate",
    services: {
      TCP: ["echo", "discard", "connect"],
      UDP: ["echo", "chargen", "stamp"],
    },
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
      UDP: ["echo", "chargen", "stamp"],
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
  "idle": {
    of: "longest time that an idle connection survived, with --idle",
    kind: "time",
    services: { TCP: ["idle"] },
    read: ({ idle }) => idle?.survived_us,
    isMoreBetter: true,
    column: "for-programs",
    isCompared: false,
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

/** The metrics that can be known over a transport, by one test or any. */
export function metricsOver(transport: Transport, service?: Probe): Metric[] {
  return METRIC_LIST.filter(({ services }) => {
    const known = services[transport];
    return service === undefined
      ? known !== undefined
      : known?.includes(service);
  }).map(({ name }) => name);
}

/** Of how many messages a run's figure is a share. */
export function wholeOf(
  { readWhole }: MetricDefinition,
  run: RunFigures,
): number {
  return readWhole?.(run) ?? run.messages_sent;
}

/** A count as percent of the messages sent. */
export function shareOf(count: number, messagesSent: number): number {
  return 100 * count / Math.max(messagesSent, 1);
}
