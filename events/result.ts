/**
 * The result of a run.
 *
 * @module
 */
import type {
  Base64,
  Byte,
  Count,
  Figure,
  Microseconds,
  NamedEvent,
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
    | "closed-early"
    | "failed"
    | "stopped";
  /** The same, for people. */
  message: string;
  /** Where, for `difference`. */
  difference?: Difference;
}

/** Round-trip delays over a run, in microseconds. */
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
  /** Messages sent. */
  messages_sent: Count;
  /** Messages whose answer came back whole and unchanged. */
  messages_received: Count;
}

/** What a client counted of a part of its run: of its warm-up, or of a second. */
export interface PartCounts extends Counts {
  /**
   * With a rate: messages sent more than a millisecond after their scheduled
   * time, because earlier ones were still in flight or the client was busy.
   */
  late_sends?: Count;
  /**
   * UDP: messages without an answer in time (RFC 6673, round-trip loss). Each
   * belongs to the moment at which it was sent, not to that at which it timed
   * out.
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
 * What only a measuring run has. The rates are absent where it is unknown whether
 * the peer received everything.
 */
export interface Measured extends Partial<Speed> {
  /**
   * With a rate: messages sent more than a millisecond after their scheduled
   * time, because earlier ones were still in flight or the client was busy.
   */
  late_sends?: Count;
  /** Connections that failed (TCP), or failures to send and receive (UDP). */
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
   * came. Absent otherwise.
   */
  lost?: Count;
  /** TCP with an interval: connections made anew. Absent otherwise. */
  reconnects?: Count;
  /** Its outages; absent where no single message can be seen to be lost. */
  outages?: OutageSummary;
  /** `unknown`: whether anything arrived cannot be known (UDP, one way). */
  arrival?: "unknown";
  /** With a rate: round-trip delays from the actual sending, which hide a peer's stall (coordinated omission). */
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
  /** Round-trip delays (RFC 2681), with a rate from the scheduled times; absent where no message was timed. */
  rtt_us?: DelaySummary;
  /** What became of its datagrams; absent over TCP. */
  datagrams?: DatagramCounts;
  /** What it measured; absent where it sent a single message. */
  measured?: Measured;
}

/** The result of a run of either client, whether it measured or not. */
export interface ResultEvent extends NamedEvent<"result">, ClientFigures {
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
