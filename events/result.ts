/**
 * The result of a run.
 *
 * @module
 */
import type {
  Base64,
  Byte,
  ClockDifference,
  Count,
  Figure,
  Microseconds,
  NamedEvent,
  Port,
  PositiveCount,
  Time,
  Traffic,
  Transport,
} from "./base.ts";

/** Where an echo differs from what was sent. */
export interface Difference {
  /** Bytes into the stream (TCP) or the datagram (UDP), from 0. */
  offset: Count;
  /** The byte that was sent there; absent where nothing was. */
  sent?: Byte;
  /** The byte that came back there; absent where nothing did. */
  received?: Byte;
}

/** Why a client's run did not pass. */
export interface Failure {
  /**
   * - `difference`: an echo was not what was sent.
   * - `loss`: some datagrams were not answered.
   * - `errors`: some connections failed, or some datagrams could not be sent.
   * - `no-answer`: nothing came back in time.
   * - `cannot-connect`: every attempt to connect was turned down.
   * - `closed-early`: the peer closed before everything was back.
   * - `expectation`: an expectation did not hold.
   * - `failed`: the system refused to send or receive.
   * - `stopped`: the caller ended the run.
   */
  code:
    | "difference"
    | "loss"
    | "errors"
    | "expectation"
    | "no-answer"
    | "cannot-connect"
    | "closed-early"
    | "failed"
    | "stopped";
  /** The same, for people. */
  message: string;
  /** Where, for `difference`. */
  difference?: Difference;
}

/** Round-trip delays over a run, or times to connect, in microseconds. */
export interface DelaySummary {
  /** How many there are. */
  count: PositiveCount;
  /** The shortest. */
  min: Microseconds;
  /** Their mean. */
  mean: Microseconds;
  /** The longest. */
  max: Microseconds;
  /** The median; percentiles are present only where a run measured. */
  p50?: Microseconds;
  /** The 90th percentile. */
  p90?: Microseconds;
  /** The 95th percentile. */
  p95?: Microseconds;
  /** The 99th percentile. */
  p99?: Microseconds;
  /** The 99.9th percentile. */
  "p99.9"?: Microseconds;
  /** The 99.99th percentile. */
  "p99.99"?: Microseconds;
  /** All of them as an HdrHistogram (V2, compressed), for merging. */
  histogram?: Base64;
}

/** A metric that a run is judged by, as `measure/metrics.ts` names it. */
export type MetricName = string;

/** A condition that a run is expected to meet. */
export interface Expectation {
  /** The metric. */
  metric: MetricName;
  /** How it is compared with the limit. */
  operator: "<" | "<=" | ">" | ">=";
  /** The limit, in the unit. */
  limit: Figure;
  /** Microseconds, messages, percent of the messages sent, messages a second, bytes a second, or round trips a minute. */
  unit:
    | "us"
    | "messages"
    | "percent"
    | "per-second"
    | "per-minute"
    | "bytes-per-second";
}

/** An expectation, and whether a run met it. */
export interface JudgedExpectation extends Expectation {
  /** The run's value of the metric, in the same unit; absent where it has none. */
  value?: Figure;
  /** Whether the expectation held. */
  held: boolean;
}

/** The rates of a run. */
export interface Speed {
  /** Messages received (with discard: sent) a second. */
  messages_per_second: Figure;
  /** Bytes sent a second. */
  sent_bytes_per_second: Figure;
  /** Bytes received a second. */
  received_bytes_per_second: Figure;
}

/** What a client counted. */
export interface Counts extends Traffic {
  /** Messages sent; with `--connect-only`, attempts to connect. */
  messages_sent: Count;
  /** Messages whose answer came back whole and unchanged, or connections made. */
  messages_received: Count;
}

/** What a client counted of a part of its run: of its warm-up, or of a second. */
export interface PartCounts extends Counts {
  /**
   * With a rate or a bandwidth: messages sent more than a millisecond after their scheduled
   * time, because earlier ones were still in flight or the client was busy.
   */
  late_sends?: Count;
  /**
   * UDP: messages without an answer in time (RFC 6673, round-trip loss). With
   * `--connect-only`: attempts that failed. Each belongs to the moment at which it
   * was sent, not to that at which it timed out.
   */
  lost?: Count;
}

/**
 * A time in which nothing came back: from the first message lost to the first one
 * answered, by the times at which they were sent. With several connections or
 * sockets, while none was answered.
 */
export interface Outage {
  /** When the first lost message was sent. */
  began: Time;
  /** When the first answered one was sent; absent where the run ended before. */
  ended?: Time;
  /** How long it was. */
  outage_us: Microseconds;
  /** It had not ended when the run did. */
  is_lower_bound?: true;
  /**
   * How much earlier each end may have been: the time from one message to the next
   * there. Absent where nothing was answered before it, and it has not ended.
   */
  uncertainty_us?: Microseconds;
  /** The first message lost; absent with several connections or sockets. */
  first_sequence?: PositiveCount;
  /** The last message lost; absent with several connections or sockets. */
  last_sequence?: PositiveCount;
}

/** The outages of a run. */
export interface OutageSummary {
  /** How many. */
  count: Count;
  /** How long all of them were. */
  total_us: Microseconds;
  /** How long the longest one was. */
  longest_us: Microseconds;
  /** The share of the run in which there was none, in percent; absent for a run of no length. */
  availability_percent?: Figure;
  /**
   * The longest ones, in order of time.
   *
   * @maxItems 100
   */
  listed: Outage[];
}

/** What a client measured in its warm-up. */
export interface Warmup extends PartCounts, Partial<Speed> {
  /** How long it took. */
  duration_us: Microseconds;
  /** Absent where no message was timed. */
  rtt_us?: DelaySummary;
}

/** How evenly the flows of a run were answered: messages answered on each. */
export interface FlowShares {
  /** Connections (TCP) or sockets (UDP). */
  count: PositiveCount;
  /** The fewest on any of them. */
  least: Count;
  /** The median of all of them. */
  median: Count;
  /** Jain's fairness index, from 1 / count to 1 (all equal); absent where none was answered. */
  jain?: Figure;
}

/** How well the client itself kept up, which limits the accuracy of its figures. */
export interface InstrumentCheck {
  /** How late its timers ran, in microseconds: what its event loop may add to a delay. */
  timer_lateness_us: {
    p50: Microseconds;
    p99: Microseconds;
    max: Microseconds;
  };
  /** The share of one processor that it used, from 0; it may exceed 1. */
  cpu_share: Figure;
  /** How evenly its flows were answered; absent for a single flow, and one way. */
  flows?: FlowShares;
  /**
   * The longest wait for an answer that lay unread in the client for most of that
   * time, found by holding all flows back to read what is there. Absent where
   * none was found.
   */
  unread_us?: Microseconds;
  /** Warnings that the client, not the path, may have been the bottleneck. */
  warnings: string[];
}

/**
 * What became of a run's datagrams. What cannot be known is absent: one way, all
 * but the strays; for a single message, what takes several to see, or a wait
 * beyond its timeout.
 */
export interface DatagramCounts {
  /** Messages without an answer in time (RFC 6673, round-trip loss). */
  lost?: Count;
  /** Messages whose answer was not what was sent. */
  corrupted?: Count;
  /** Answers that came after the timeout of their message. */
  late?: Count;
  /** More late answers may have been in flight when the run ended. */
  late_is_lower_bound?: true;
  /** Further copies of answers that were received before (RFC 5560). */
  duplicates?: Count;
  /** Answers that came after one to a later message of their socket (RFC 4737). */
  reordered?: Count;
  /** The largest reordering distance, in messages. */
  reordering_distance?: Count;
  /** Jitter of the round-trip delay (RFC 3550, section 6.4.1); absent below two answers. */
  jitter_us?: Microseconds;
  /** Datagrams that are no answer: from other addresses, or damaged beyond recognition. */
  strays: Count;
}

/** A part of a run under load: nothing, or bulk traffic to the peer, from it, or both. */
export type LoadPhaseName = "quiet" | "out" | "back" | "both";

/** Which way bulk traffic goes. */
export type LoadDirection = Exclude<LoadPhaseName, "quiet">;

/**
 * What was measured in a part of a run under load. With bulk traffic, its figures
 * begin when its speed had settled, or where it never did with the last intervals.
 */
export interface LoadPhase {
  /** Which. */
  phase: LoadPhaseName;
  /** From the start of measuring to the start of this phase. */
  began_us: Microseconds;
  /** How long it was. */
  duration_us: Microseconds;
  /** The part of it, at its end, that the figures are of. */
  measured_us: Microseconds;
  /** Payload of the bulk traffic that went out a second; absent without any. */
  sent_bytes_per_second?: Figure;
  /** Payload of the bulk traffic that came back a second; absent without any. */
  received_bytes_per_second?: Figure;
  /** Round-trip delays of the probes; absent where none was answered. */
  rtt_us?: DelaySummary;
  /** UDP: probes without an answer. */
  lost?: Count;
  /** Its median delay, as a multiple of that of the quiet phase. */
  times_quiet?: Figure;
  /** Round trips a minute, by the trimmed mean of the delays of the last intervals. */
  responsiveness?: Figure;
  /**
   * With bulk traffic, as in draft-ietf-ippm-responsiveness: whether its speed and
   * then the responsiveness settled (`high`), the speed alone (`medium`) or neither
   * in the time that they had (`low`).
   */
  confidence?: "high" | "medium" | "low";
}

/** What a run under load measured, phase by phase. */
export interface UnderLoad {
  /** What the bulk traffic travels on. */
  bulk: Transport;
  /** Its connections or sockets each way. */
  connections: PositiveCount;
  /** The phases, in order. */
  phases: LoadPhase[];
  /** Directions that were left out, as no server for them was named. */
  left_out: LoadDirection[];
  /** Round trips a minute in the worst of the loaded phases; absent without one. */
  responsiveness?: Figure;
}

/**
 * What happened on one way of a path, as STAMP tells it (RFC 8762). What cannot be
 * known is absent.
 */
export interface Direction {
  /** Messages lost on this way; absent where the reflector's numbers do not tell. */
  lost?: Count;
  /** Copies that were made on this way. */
  duplicates?: Count;
  /** Messages that arrived at its end after a later one (RFC 4737). */
  reordered?: Count;
  /** Interarrival jitter (RFC 3550, section 6.4.1). */
  jitter_us?: Microseconds;
  /** How much longer than the fastest each took (RFC 3393, in the form of RFC 5481, section 4.2). */
  variation_us?: DelaySummary;
  /** How long each took (RFC 7679); present only where both clocks are said to be synchronized, and agree. */
  delay_us?: DelaySummary;
}

/** How the two clocks of a path compare. */
export interface ClockComparison {
  /** By how much the reflector's clock is ahead, estimated from the fastest round trip. */
  offset_us: ClockDifference;
  /** The most that the estimate may be off: half of the fastest round trip. */
  bound_us: Microseconds;
  /** What both clocks may be off besides, by their own estimates. */
  error_us: Microseconds;
  /** Whether delays each way are absolute: both clocks are said to be synchronized, and agree. */
  absolute: boolean;
  /** How often the reflector's clock was set while measuring. */
  steps: Count;
  /** How often this machine's clock was set. */
  own_steps: Count;
}

/**
 * What happened on each way of a path, and in between. Lost is the sum of lost on
 * the way out, on the way back, and unknown.
 */
export interface Directions {
  /** To the reflector. */
  out: Direction;
  /** From the reflector. */
  back: Direction;
  /** Lost messages of which it is unknown on which way. */
  lost_unknown: Count;
  /** How long the reflector had each message, which is in no round trip. */
  reflector_us?: DelaySummary;
  /** How the clocks compare; absent where no reply was timed. */
  clock?: ClockComparison;
  /** Why figures are absent, and what they leave out, in words. */
  notes: string[];
}

/** The same of a part of a run. */
export interface IntervalDirections {
  /** To the reflector. */
  out: Pick<Direction, "lost" | "variation_us">;
  /** From the reflector. */
  back: Pick<Direction, "lost" | "variation_us">;
  /** How long the reflector had each message. */
  reflector_us?: DelaySummary;
}

/** One connection (TCP) or socket (UDP) of a run. */
export interface FlowFigures {
  /** Its number, from 1. */
  connection: PositiveCount;
  /** Its source port. */
  local_port: Port;
  /** Messages sent. */
  sent: Count;
  /** Messages without an answer in time; absent over TCP. */
  lost?: Count;
  /** The median of its round trips, from sending and without late sends, to 3 %; absent without any, and of a run of more than 1000 flows. */
  p50_us?: Microseconds;
  /** Their 99th percentile. */
  p99_us?: Microseconds;
  /**
   * What it fares worse in than all others together; absent where it does not.
   *
   * @minItems 1
   */
  worse_by?: ("loss" | "delay")[];
}

/**
 * The flows of a run compared with each other: each with all others together, with a
 * probability of 0.0001 that a run in which all fare alike names any.
 */
export interface FlowComparison {
  /** How many there are. */
  count: PositiveCount;
  /** How many fare worse than the rest; absent where none sent enough to tell. */
  bad?: Count;
  /** How many sent too little to tell. */
  unjudged: Count;
  /**
   * Each of them, or of more than 1000 the worst: first those that fare worse than the
   * rest, then by the share lost, then by the median.
   *
   * @maxItems 1000
   */
  each: FlowFigures[];
}

/**
 * Why an attempt to connect failed, by the peer or the path.
 *
 * - `refused`: the port turned it down: nothing listens there, or a firewall says so.
 * - `timed-out`: no answer came in time.
 * - `unreachable`: there is no way to the peer.
 * - `reset`: it was broken off while it was being made.
 */
export type ConnectFailureReason =
  | "refused"
  | "timed-out"
  | "unreachable"
  | "reset";

/** Attempts to connect that failed, by why: together, those that were lost. */
export interface ConnectFailures {
  /** The port turned them down. */
  refused: Count;
  /** No answer came in time. */
  timed_out: Count;
  /** There was no way to the peer. */
  unreachable: Count;
  /** They were broken off while they were being made. */
  reset: Count;
}

/**
 * How an idle connection ended.
 *
 * - `silence`: it was forgotten: what was sent on it was not answered in time.
 * - `reset`: it was reset.
 * - `close`: the peer, or something in its place, closed it in order.
 */
export type IdleEnd = "silence" | "reset" | "close";

/** How long connections live without a byte sent. */
export interface IdleSurvival {
  /** The longest idle time after which one answered; 0 where none did. */
  survived_us: Microseconds;
  /** The shortest idle time beyond it after which one did not; absent where all answered. */
  died_us?: Microseconds;
  /** How that one ended. */
  died_by?: IdleEnd;
  /** Connections that ended though others were idle for longer and answered; absent where none did. */
  contradictions?: PositiveCount;
}

/**
 * What only a measuring run has. The rates are absent where it is unknown whether
 * the peer received everything.
 */
export interface Measured extends Partial<Speed> {
  /**
   * With a rate or a bandwidth: messages sent more than a millisecond after their scheduled
   * time, because earlier ones were still in flight or the client was busy.
   */
  late_sends?: Count;
  /**
   * Connections that failed (TCP), failures to send and receive (UDP), or with
   * `--connect-only` attempts that this machine could not make.
   */
  errors: Count;
  /**
   * Messages neither answered nor timed out when the run was cut off or their
   * connection failed; 0 where it ran to its end. Sent is the sum of received,
   * lost, corrupted and in flight. Absent one way, where nothing is answered.
   */
  in_flight?: Count;
  /**
   * Messages that were due and could not be sent: there was no connection, or the
   * system refused them. They are not among those sent. Absent where there were
   * none.
   */
  unsent?: PositiveCount;
  /**
   * TCP with an interval: messages whose connection broke before their answer
   * came. With `--connect-only`: attempts that failed. Absent otherwise.
   */
  lost?: Count;
  /** With `--connect-only`: why attempts failed. Absent otherwise. */
  connects?: ConnectFailures;
  /** TCP with an interval: connections made anew. Absent otherwise. */
  reconnects?: Count;
  /** Its outages; absent where no single message can be seen to be lost. */
  outages?: OutageSummary;
  /** `unknown`: whether anything arrived cannot be known (UDP, one way). */
  arrival?: "unknown";
  /** Its flows compared; absent for a single one, and where nothing is answered message by message. */
  flows?: FlowComparison;
  /** With a rate or a bandwidth: round-trip delays from the actual sending, which hide a peer's stall (coordinated omission). */
  rtt_from_sending_us?: DelaySummary;
  /** The warm-up, which is left out of all other figures. */
  warmup?: Warmup;
  /** Under load: its phases. The other figures are of all probes, in all of them. */
  under_load?: UnderLoad;
  /** How well the client itself kept up. */
  instrument: InstrumentCheck;
}

/** The figures of a client's run, at its end or so far. */
export interface ClientFigures extends Counts {
  /** From the first message to the last one sent or received. */
  duration_us: Microseconds;
  /**
   * Round-trip delays (RFC 2681), or with `--connect-only` times to connect, with a
   * rate or a bandwidth from the scheduled times; absent where none was timed.
   */
  rtt_us?: DelaySummary;
  /** What became of its datagrams; absent over TCP. */
  datagrams?: DatagramCounts;
  /** What happened on each way of its path; present with STAMP. */
  directions?: Directions;
  /** What it measured; absent where it sent a single message. */
  measured?: Measured;
  /** How long idle connections live; absent where that was not tested. */
  idle?: IdleSurvival;
}

/** The result of a run of either client, whether it measured or not. */
export interface ResultEvent extends NamedEvent<"result">, ClientFigures {
  /** The size of its messages, where it is one of several in a sweep. */
  size?: Count;
  /** Whether everything that was asked for held. */
  passed: boolean;
  /** Why not; absent where it passed. */
  failure?: Failure;
  /**
   * What was expected, and whether it held; absent where nothing was.
   *
   * @minItems 1
   */
  expectations?: JudgedExpectation[];
}

/** A client was asked what it has measured so far; without histograms. */
export interface ClientProgressEvent
  extends NamedEvent<"progress">, ClientFigures {
  /** What it measured. */
  measured: Measured;
}

/** The result of a run that measured. */
export interface MeasureResult extends ResultEvent {
  /** What it measured. */
  measured: Measured;
}

/** The result of a run over UDP. */
export interface DatagramResult extends ResultEvent {
  /** What became of its datagrams. */
  datagrams: DatagramCounts;
}
