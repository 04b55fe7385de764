/**
 * The figures of a run, from what was counted.
 *
 * @module
 */
import type {
  ClientProgressEvent,
  ConnectFailures,
  Counts,
  DatagramCounts,
  OutageSummary,
  Probe,
  UdpService,
  Warmup,
} from "../events/mod.ts";
import { compareFlows } from "./flows/comparison.ts";
import { checkInstrument, type Observed } from "./instrument.ts";
import { meanJitter } from "./jitter.ts";
import type { RoundTrips } from "./round_trips.ts";
import type { Tally } from "./tally.ts";

/** The services that answer each message with one that shows which it is. */
export const ANSWERED: ReadonlySet<UdpService> = new Set(["echo", "stamp"]);

/** The figures of a run that only one transport has. */
export interface TransportFigures {
  /** Connections that failed (TCP), or failures to send and receive (UDP). */
  errors: number;
  /** TCP with an interval, and connecting: see `Measured`. */
  lost?: number;
  /** TCP with an interval: see `Measured`. */
  reconnects?: number;
  /** Connecting: see `Measured`. */
  connects?: ConnectFailures;
  /** What of it was the client's own limit, in words. */
  ownLimit?: string;
  /** UDP: what became of the datagrams, without their delay variation. */
  datagrams?: DatagramCounts;
  /** UDP: the delay variation of each socket that has one, in microseconds. */
  jitters?: number[];
}

/** The figures of a run, at its end or so far. */
export type Figures = Omit<ClientProgressEvent, "event">;

/** What a run has counted so far. A message counts as sent until its socket refuses it. */
export interface RunCounts extends Counts, TransportFigures {
  /** Messages that were due and could not be sent. */
  unsent: number;
  /** With a rate: see `Measured`. */
  late_sends: number | undefined;
  /** Its outages; `undefined` where they cannot be seen. */
  outages: OutageSummary | undefined;
}

/** What was measured, in one thread or in several. */
export interface Measurement {
  /** The counts. */
  tally: Tally;
  /** Those of its warm-up, if it had one. */
  warmedUp: Tally | undefined;
  /** The figures that only its transport has. */
  own: TransportFigures;
  /** What was observed of the client. */
  observed: Observed;
  /** The longest that an answer lay unread, in microseconds. */
  unread: number | undefined;
  /** The source ports of its flows. */
  ports: readonly number[];
  /** Threads that measured. */
  threads: number;
}

/** What figures depend on besides. */
export interface FiguresContext {
  /** Messages are datagrams. */
  isDatagrams: boolean;
  /** A single message can be lost, and be seen to be. */
  knowsLoss: boolean;
  /** What the peer does with what it receives. */
  service?: UdpService;
  /** What is asked of it, where that is no service. */
  probe?: Probe;
}

/** The figures of a run, at its end or so far. */
export function figuresOf(
  { tally, warmedUp, own, observed, unread, ports, threads }: Measurement,
  { isDatagrams, knowsLoss, service = "echo", probe }: FiguresContext,
  withHistograms: boolean,
): Figures {
  const isAnswered = isDatagrams ? service !== "discard" : service === "echo";
  const summaryOf = (trips: RoundTrips | undefined) =>
    withHistograms ? trips?.summary() : trips?.percentiles();
  const { datagrams, jitters, ownLimit, ...others } = own;
  const check = checkInstrument(observed, tally, unread, threads);
  if (ownLimit !== undefined) check.warnings.push(ownLimit);
  // Where answers do not show their messages, there is nothing to compare.
  const isCompared = ANSWERED.has(service) && !probe;
  return {
    ...tally.counts(),
    duration_us: tally.duration,
    rtt_us: summaryOf(tally.delays()),
    datagrams: datagrams && jitters
      ? { ...datagrams, jitter_us: meanJitter(jitters) }
      : datagrams,
    measured: {
      ...tally.speed(),
      late_sends: tally.lateSends,
      ...others,
      unsent: tally.unsent || undefined,
      outages: tally.outageSummary(),
      in_flight: isAnswered ? tally.inFlight : undefined,
      arrival: isDatagrams && !isAnswered ? "unknown" : undefined,
      flows: isCompared
        ? compareFlows(tally.byFlow, {
          ports,
          knowsLoss: isDatagrams,
          lateness: check.timer_lateness_us.p99,
          isUnread: check.unread_us !== undefined,
        })
        : undefined,
      rtt_from_sending_us: summaryOf(tally.fromSending),
      warmup: warmedUp && warmupOf(warmedUp, knowsLoss),
      instrument: check,
    },
  };
}

/** What a run has counted so far. */
export function countsOf(tally: Tally, own: TransportFigures): RunCounts {
  return {
    ...tally.counts(),
    ...own,
    unsent: tally.unsent,
    late_sends: tally.lateSends,
    outages: tally.outageSummary(),
  };
}

function warmupOf(tally: Tally, knowsLoss: boolean): Warmup {
  return {
    ...tally.counts(),
    ...tally.speed(),
    late_sends: tally.lateSends,
    lost: knowsLoss ? tally.lost : undefined,
    duration_us: tally.duration,
    rtt_us: tally.delays().percentiles(),
  };
}
