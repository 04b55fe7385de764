/**
 * What the servers and clients tell their caller, one type for each thing that
 * happens. `events.schema.json` beside this file says the same for JSON Lines.
 *
 * Names are spelled as in the JSON: durations are microseconds (`_us`), sizes
 * are bytes.
 *
 * @module
 */
import type { ErrorCode } from "./errors.ts";

/** What a server does with what it receives (RFC 862, RFC 863, RFC 864). */
export type Service = "echo" | "discard" | "chargen";

/** What every event has. */
export interface NamedEvent<Name extends string> {
  /** What happened. */
  event: Name;
}

/** What every event about a peer has. */
export interface PeerAddress {
  /** The peer's address. */
  peer_host: string;
  /** The peer's port. */
  peer_port: number;
}

/** How much was moved, in bytes. */
export interface Traffic {
  /** Bytes received. */
  bytes_received: number;
  /** Bytes sent. */
  bytes_sent: number;
}

/** A server is bound and takes clients from now on. */
export interface ListeningEvent extends NamedEvent<"listening"> {
  /** The address that was really bound. */
  host: string;
  /** The port that was really bound. */
  port: number;
  /** What it does with what it receives. */
  service: Service;
}

/** A TCP server accepted a client. */
export interface ConnectionOpenedEvent
  extends NamedEvent<"connection-opened">, PeerAddress {
  /** Counts the server's clients from 1; the same in all events of a client. */
  connection: number;
}

/**
 * Why a TCP server's client is gone.
 *
 * - `finished`: both sides shut down in order.
 * - `reset`: the client broke the connection off.
 * - `failed`: another error, named in `detail`.
 * - `idle`: no byte moved for as long as `idleTimeout` allows.
 * - `cut-off`: the server was stopped before the client had finished.
 */
export type CloseReason = "finished" | "reset" | "failed" | "idle" | "cut-off";

/** A TCP server's client is gone. */
export interface ConnectionClosedEvent
  extends NamedEvent<"connection-closed">, PeerAddress, Traffic {
  /** The client's number. */
  connection: number;
  /** How long it was there. */
  duration_us: number;
  /** Why. */
  reason: CloseReason;
  /** The system's reason, for `reset` and `failed`. */
  detail?: string;
}

/** A peer was not served. */
export interface RejectedEvent extends NamedEvent<"rejected">, PeerAddress {
  /**
   * Why:
   *
   * - `not-allowed`: the allow-list has not got it.
   * - `max-connections`: there are too many clients.
   * - `not-unicast`: an answer would go to many, or to nobody.
   * - `loop`: two servers answer each other.
   */
  reason: "not-allowed" | "max-connections" | "not-unicast" | "loop";
  /** How many more there were since the last that was told of; absent where none were. */
  untold?: number;
}

/** A UDP server received a datagram (only with `detail`). */
export interface DatagramEvent extends NamedEvent<"datagram">, PeerAddress {
  /** Its size. */
  bytes_received: number;
  /** The size of the answer; 0 where none was sent. */
  bytes_sent: number;
  /** The datagram; base64 in JSON. */
  data: Uint8Array;
}

/** Something failed that the server survived. */
export interface FaultEvent extends NamedEvent<"fault"> {
  /** What failed. */
  operation: "accept" | "receive" | "send";
  /** Why, in words. */
  detail: string;
  /** How long the server waits before it tries again. */
  retry_us?: number;
  /** How many more there were since the last that was told of; absent where none were. */
  untold?: number;
}

/** A TCP server has stopped. */
export interface TcpSummaryEvent extends NamedEvent<"summary">, Traffic {
  /** Clients served. */
  connections: number;
  /** Peers turned away, by the allow-list or the limit. */
  rejected: number;
  /** Clients that ended by `reset` or `failed`. */
  failed: number;
  /** Clients closed because nothing moved for too long. */
  idle: number;
  /** Clients closed because the server stopped. */
  cut_off: number;
  /** Failures of `accept` that were survived. */
  faults: number;
  /** How long it ran. */
  duration_us: number;
}

/** A UDP server has stopped. */
export interface UdpSummaryEvent extends NamedEvent<"summary">, Traffic {
  /** Datagrams received, those turned away left out. */
  datagrams_received: number;
  /** Answers sent. */
  datagrams_sent: number;
  /** Datagrams not served: from outside the allow-list, from no one peer, or in a loop. */
  rejected: number;
  /** Failures of sending and receiving that were survived. */
  faults: number;
  /** How long it was there. */
  duration_us: number;
}

/** A client failed to connect, or to be answered, and tries again. */
export interface RetryEvent extends NamedEvent<"retry"> {
  /** Why, in words. */
  detail: string;
  /** How long the client waits before it tries again. */
  retry_us: number;
}

/** A TCP client is connected. */
export interface ConnectedEvent extends NamedEvent<"connected">, PeerAddress {
  /** The address on this side. */
  local_host: string;
  /** The port on this side. */
  local_port: number;
  /** How long it took, the name's resolving and all tries included. */
  connect_us: number;
}

/**
 * A client begins to measure, or to warm up for it: what was asked for, so that
 * results can be told apart by it.
 */
export interface StartedEvent extends NamedEvent<"started">, PeerAddress {
  /** The peer's name or address, as it was asked for. */
  target: string;
  /** What the peer is expected to do with what it receives. */
  service: Service;
  /** The size of each message. */
  size: number;
  /** Connections (TCP) or sockets (UDP) at once. */
  connections: number;
  /** Messages on their way at once on each of them; absent where there is no limit. */
  pipeline?: number;
  /** Messages a second, in all, on a fixed schedule; absent where answers set the pace. */
  rate_per_second?: number;
  /** Messages in all; absent where there is no such end. */
  count?: number;
  /** How long it measures; absent where there is no such end. */
  duration_us?: number;
  /** From one message to the next on each connection. */
  interval_us?: number;
  /** How long it warms up first. */
  warmup_us?: number;
  /** How long it waits for an answer. */
  timeout_us: number;
}

/**
 * A client has handed a message to its socket (of a measuring run only with
 * `detail`), or a TCP server (only with `detail`) a piece of the stream.
 */
export interface SentEvent extends NamedEvent<"sent"> {
  /** A server's client, or a client's connection where it has several. */
  connection?: number;
  /** Counts the connection's messages from 1; absent where there is but one. */
  sequence?: number;
  /** Its size. */
  bytes: number;
}

/**
 * A client has an answer back, whole and checked (of a measuring run only with
 * `detail`), or a TCP server (only with `detail`) a piece of the stream.
 */
export interface ReceivedEvent extends NamedEvent<"received"> {
  /** A server's client, or a client's connection where it has several. */
  connection?: number;
  /** The message that was answered; absent where there is but one. */
  sequence?: number;
  /** Its size. */
  bytes: number;
  /** Round-trip delay (RFC 2681); absent where no single message was timed. */
  rtt_us?: number;
  /** A datagram's bytes where the caller chose them; base64 in JSON. */
  data?: Uint8Array;
}

/** A UDP client has waited in vain for an answer (only with `detail`). */
export interface LostEvent extends NamedEvent<"lost"> {
  /** The socket, where there are several. */
  connection?: number;
  /** The message that was not answered. */
  sequence: number;
  /** How long it waited. */
  waited_us: number;
}

/**
 * A UDP client received a datagram that is not the answer it waits for (of a
 * measuring run only with `detail`).
 */
export interface StrayEvent extends NamedEvent<"stray">, PeerAddress {
  /** The socket, where there are several. */
  connection?: number;
  /** Its size. */
  bytes: number;
  /**
   * - `other-address`: not from the address that was asked.
   * - `late`: the answer to an earlier message, given up by then.
   * - `duplicate`: an answer that has been counted before.
   * - `corrupted`: not what was sent, or no answer to anything.
   */
  reason: "other-address" | "late" | "duplicate" | "corrupted";
}

/** A TCP client's connection has ended in order. */
export interface ClosedEvent extends NamedEvent<"closed"> {
}

/** Where an echo differs from what was sent. */
export interface Difference {
  /** Bytes into the stream (TCP) or the datagram (UDP), from 0. */
  offset: number;
  /** The byte that was sent there; absent where nothing was. */
  sent?: number;
  /** The byte that came back there; absent where nothing did. */
  received?: number;
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
  count: number;
  /** The shortest. */
  min: number;
  /** Their mean. */
  mean: number;
  /** The longest. */
  max: number;
  /** What half of them do not exceed; percentiles only where a run measured. */
  p50?: number;
  /** What 90 % of them do not exceed. */
  p90?: number;
  /** What 99 % of them do not exceed. */
  p99?: number;
  /** What 99.9 % of them do not exceed. */
  "p99.9"?: number;
  /** All of them by size, for merging: an HdrHistogram (V2, compressed, base64). */
  histogram?: string;
}

/**
 * What can be expected of a run: round-trip delays and their variation,
 * datagrams lost, late, duplicated or reordered, errors of sockets, messages
 * back a second, and bytes a second (those that come back, or with discard
 * those that go out).
 */
export type Metric =
  | "min"
  | "mean"
  | "p50"
  | "p90"
  | "p99"
  | "p99.9"
  | "max"
  | "jitter"
  | "loss"
  | "late"
  | "duplicated"
  | "reordered"
  | "errors"
  | "rate"
  | "throughput";

/** What a run is expected to come to. */
export interface Expectation {
  /** What is looked at. */
  metric: Metric;
  /** How it is compared. */
  operator: "<" | "<=" | ">" | ">=";
  /** What it is compared with, in the unit. */
  limit: number;
  /** Microseconds, messages, percent of the messages sent, messages a second, or bytes a second. */
  unit: "us" | "messages" | "percent" | "per-second" | "bytes-per-second";
}

/** An expectation, and whether a run came up to it. */
export interface JudgedExpectation extends Expectation {
  /** What the run came to, in the same unit; absent where it has no such figure. */
  value?: number;
  /** Whether the expectation held. */
  held: boolean;
}

/** How fast a run was. */
export interface Speed {
  /** Messages that came back (with discard: that went out), a second. */
  messages_per_second: number;
  /** Bytes sent a second. */
  sent_bytes_per_second: number;
  /** Bytes received a second. */
  received_bytes_per_second: number;
}

/** What a measuring client counted. */
export interface Counts extends Traffic {
  /** Messages sent. */
  messages_sent: number;
  /** Messages whose answer came back whole and as it was sent. */
  messages_received: number;
  /**
   * With a rate: messages sent more than a millisecond after their time, because
   * those before were still on their way, or because the client was busy.
   */
  late_sends?: number;
  /** UDP: messages without an answer in time (RFC 6673, round-trip loss). */
  lost?: number;
}

/** A measuring client's last second. */
export interface IntervalEvent extends NamedEvent<"interval">, Counts, Speed {
  /** It belongs to the warm-up, and so not to the result. */
  warmup?: true;
  /** From the start of measuring (or of the warm-up) to the end of this interval. */
  elapsed_us: number;
  /** Its length. */
  interval_us: number;
  /** Round trips that ended in it; absent where none did. */
  rtt_us?: DelaySummary;
}

/** What a client's warm-up came to. */
export interface Warmup extends Counts, Speed {
  /** How long it took. */
  duration_us: number;
  /** Absent where no message was timed. */
  rtt_us?: DelaySummary;
}

/** How well the client itself kept up, which bounds what its figures are worth. */
export interface InstrumentCheck {
  /** How late its timers ran, in microseconds: what its loop may add to a delay. */
  timer_lateness_us: { p50: number; p99: number; max: number };
  /** The share of one processor that it used, from 0; it may exceed 1. */
  cpu_share: number;
  /** What is to be said about it, where it may have been the limit, not the path. */
  warnings: string[];
}

/** What a client's run came to. */
export interface ResultEvent extends NamedEvent<"result">, Counts {
  /** Whether everything that was asked for held. */
  passed: boolean;
  /** Why not; absent where it passed. */
  failure?: Failure;
  /** From the first message to the last thing that was sent or came back. */
  duration_us: number;
  /** Round-trip delays, with a rate from the scheduled times; absent where no message was timed. */
  rtt_us?: DelaySummary;
  /** What was expected, and whether it held; absent where nothing was. */
  expectations?: JudgedExpectation[];
}

/** What a client's measuring run came to. */
export interface MeasureResultEvent extends ResultEvent, Speed {
  /** With a rate: round-trip delays from the real sending, which hide a peer's stall. */
  rtt_from_sending_us?: DelaySummary;
  /** Connections that failed (TCP), or failures to send and receive (UDP). */
  errors: number;
  /** What was measured apart, and is left out of the rest. */
  warmup?: Warmup;
  /** How well the client itself kept up. */
  instrument: InstrumentCheck;
}

/** What a UDP client's run came to. */
export interface UdpResultEvent extends ResultEvent {
  /** Messages without an answer in time (RFC 6673, round-trip loss). */
  lost: number;
  /** Datagrams from other addresses than the one that was asked. */
  strays: number;
}

/** What a UDP client's measuring run came to. */
export interface UdpMeasureResultEvent
  extends Omit<MeasureResultEvent, "lost">, UdpResultEvent {
  /** Answers to messages given up by then. */
  late: number;
  /** Answers that had been counted before (RFC 5560). */
  duplicates: number;
  /** Answers that were not what was sent. */
  corrupted: number;
  /** Answers that came after one to a later message of their socket (RFC 4737). */
  reordered: number;
  /** How many messages the most reordered answer was behind. */
  reordering_distance: number;
  /** Variation of the round-trip delay (RFC 3550, section 6.4.1); absent below two answers. */
  jitter_us?: number;
}

/** A program ends because of an error. */
export interface ErrorEvent extends NamedEvent<"error"> {
  /** What went wrong, for programs. */
  code: ErrorCode | Failure["code"] | "usage" | "internal";
  /** What went wrong, for people. */
  message: string;
  /** The exit code that it leads to. */
  exit_code: number;
}

/** What {@linkcode serveTcp} tells. */
export type TcpServerEvent =
  | ListeningEvent
  | ConnectionOpenedEvent
  | SentEvent
  | ReceivedEvent
  | ConnectionClosedEvent
  | RejectedEvent
  | FaultEvent
  | TcpSummaryEvent;

/** What {@linkcode serveUdp} tells. */
export type UdpServerEvent =
  | ListeningEvent
  | DatagramEvent
  | RejectedEvent
  | FaultEvent
  | UdpSummaryEvent;

/** What the TCP client tells. */
export type TcpClientEvent =
  | RetryEvent
  | ConnectedEvent
  | StartedEvent
  | SentEvent
  | ReceivedEvent
  | IntervalEvent
  | ClosedEvent
  | ResultEvent
  | MeasureResultEvent;

/** What the UDP client tells. */
export type UdpClientEvent =
  | RetryEvent
  | StartedEvent
  | SentEvent
  | ReceivedEvent
  | LostEvent
  | StrayEvent
  | IntervalEvent
  | UdpResultEvent
  | UdpMeasureResultEvent;

/** Everything that any of the four programs tells. */
export type EchosounderEvent =
  | TcpServerEvent
  | UdpServerEvent
  | TcpClientEvent
  | UdpClientEvent
  | ErrorEvent;

/**
 * Takes a client's events. Where it returns a promise, the client waits for it
 * before the next message, so that a slow reader of the events slows the
 * client down in place of filling memory.
 */
export type ClientObserver<E> = (event: E) => void | Promise<void>;
