/**
 * What a run came to.
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
  Traffic,
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
  /** What half of them do not exceed; percentiles only where a run measured. */
  p50?: Microseconds;
  /** What 90 % of them do not exceed. */
  p90?: Microseconds;
  /** What 95 % of them do not exceed. */
  p95?: Microseconds;
  /** What 99 % of them do not exceed. */
  p99?: Microseconds;
  /** What 99.9 % of them do not exceed. */
  "p99.9"?: Microseconds;
  /** What 99.99 % of them do not exceed. */
  "p99.99"?: Microseconds;
  /** All of them by size, for merging: an HdrHistogram (V2, compressed). */
  histogram?: Base64;
}

/** What a run is judged by: the name of one of `measure/metrics.ts`. */
export type MetricName = string;

/** What a run is expected to come to. */
export interface Expectation {
  /** What is looked at. */
  metric: MetricName;
  /** How it is compared. */
  operator: "<" | "<=" | ">" | ">=";
  /** What it is compared with, in the unit. */
  limit: Figure;
  /** Microseconds, messages, percent of the messages sent, messages a second, or bytes a second. */
  unit: "us" | "messages" | "percent" | "per-second" | "bytes-per-second";
}

/** An expectation, and whether a run came up to it. */
export interface JudgedExpectation extends Expectation {
  /** What the run came to, in the same unit; absent where it has no such figure. */
  value?: Figure;
  /** Whether the expectation held. */
  held: boolean;
}

/** How fast a run was. */
export interface Speed {
  /** Messages that came back (with discard: that went out), a second. */
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
  /** Messages whose answer came back whole and as it was sent. */
  messages_received: Count;
}

/** What a client counted of a part of its run: of its warm-up, or of a second. */
export interface PartCounts extends Counts {
  /**
   * With a rate: messages sent more than a millisecond after their time, because
   * those before were still on their way, or because the client was busy.
   */
  late_sends?: Count;
  /**
   * UDP: messages without an answer in time (RFC 6673, round-trip loss). Each
   * belongs to the moment at which it was sent, not to that at which it was
   * given up.
   */
  lost?: Count;
}

/** What a client's warm-up came to. */
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
  /** The least that any of them had. */
  least: Count;
  /** What half of them had at most. */
  median: Count;
  /** Jain's fairness index, from 1 / count to 1, where all had the same; absent where none had any. */
  jain?: Figure;
}

/** How well the client itself kept up, which bounds what its figures are worth. */
export interface InstrumentCheck {
  /** How late its timers ran, in microseconds: what its loop may add to a delay. */
  timer_lateness_us: {
    p50: Microseconds;
    p99: Microseconds;
    max: Microseconds;
  };
  /** The share of one processor that it used, from 0; it may exceed 1. */
  cpu_share: Figure;
  /** How evenly its flows were answered; absent for a flow alone, and one way. */
  flows?: FlowShares;
  /**
   * The longest that an answer was waited for which, when the client held all
   * its flows back to look, had been there: it lay unread for most of that.
   * Absent where none was found.
   */
  unread_us?: Microseconds;
  /** What is to be said about it, where it may have been the limit, not the path. */
  warnings: string[];
}

/**
 * What became of a run's datagrams. What cannot be known is absent: where nothing
 * is answered all but the strays, and of a single message what takes several, or
 * a wait that goes on after it was given up.
 */
export interface DatagramCounts {
  /** Messages without an answer in time (RFC 6673, round-trip loss). */
  lost?: Count;
  /** Messages whose answer was not what was sent. */
  corrupted?: Count;
  /** Answers to messages given up by then. */
  late?: Count;
  /** `late` is what had come when the run ended: more may have been under way. */
  late_is_lower_bound?: true;
  /** Answers that had been counted before (RFC 5560). */
  duplicates?: Count;
  /** Answers that came after one to a later message of their socket (RFC 4737). */
  reordered?: Count;
  /** How many messages the most reordered answer was behind. */
  reordering_distance?: Count;
  /** Variation of the round-trip delay (RFC 3550, section 6.4.1); absent below two answers. */
  jitter_us?: Microseconds;
  /** Datagrams that answer nothing: from other addresses, or damaged beyond recognition. */
  strays: Count;
}

/**
 * What only a run that measures has. The speeds are absent where it is unknown
 * whether the peer took everything.
 */
export interface Measured extends Partial<Speed> {
  /**
   * With a rate: messages sent more than a millisecond after their time, because
   * those before were still on their way, or because the client was busy.
   */
  late_sends?: Count;
  /** Connections that failed (TCP), or failures to send and receive (UDP). */
  errors: Count;
  /**
   * Messages neither answered nor given up when the run was cut off or their
   * connection failed; 0 where it ran to its end. Sent is the sum of received,
   * lost, corrupted and these. Absent one way, where nothing is answered.
   */
  in_flight?: Count;
  /** `unknown`: nothing tells whether what was sent arrived (UDP, one way). */
  arrival?: "unknown";
  /** With a rate: round-trip delays from the real sending, which hide a peer's stall. */
  rtt_from_sending_us?: DelaySummary;
  /** What was measured apart, and is left out of the rest. */
  warmup?: Warmup;
  /** How well the client itself kept up. */
  instrument: InstrumentCheck;
}

/** What a client's run came to, whichever client's, and whether it measured or not. */
export interface ResultEvent extends NamedEvent<"result">, Counts {
  /** Whether everything that was asked for held. */
  passed: boolean;
  /** Why not; absent where it passed. */
  failure?: Failure;
  /** From the first message to the last thing that was sent or came back. */
  duration_us: Microseconds;
  /** Round-trip delays, with a rate from the scheduled times; absent where no message was timed. */
  rtt_us?: DelaySummary;
  /** What became of its datagrams; absent over TCP. */
  datagrams?: DatagramCounts;
  /** What it measured; absent where it sent a single message. */
  measured?: Measured;
  /**
   * What was expected, and whether it held; absent where nothing was.
   *
   * @minItems 1
   */
  expectations?: JudgedExpectation[];
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
