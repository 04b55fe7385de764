/**
 * What the clients emit while they run.
 *
 * @module
 */
import type {
  Count,
  Figure,
  Microseconds,
  NamedEvent,
  PeerAddress,
  Port,
  PositiveCount,
  Probe,
  Time,
} from "./base.ts";
import type {
  ClientProgressEvent,
  ConnectFailureReason,
  DelaySummary,
  IdleEnd,
  IntervalDirections,
  LoadPhaseName,
  Outage,
  PartCounts,
  ResultEvent,
  Speed,
  UnderLoad,
} from "./result.ts";

/** A client could not connect, or got no answer, and tries again. */
export interface RetryEvent extends NamedEvent<"retry"> {
  /** Why, in words. */
  detail: string;
  /** How long the client waits before it tries again. */
  retry_us: Microseconds;
}

/** A TCP client is connected; of those that only connect, each with `detail`. */
export interface ConnectedEvent extends NamedEvent<"connected">, PeerAddress {
  /** With `--connect-only`: the sequence of attempts, where there are several at once. */
  connection?: PositiveCount;
  /** With `--connect-only`: counts the attempts from 1. */
  sequence?: PositiveCount;
  /** The address on this side. */
  local_host: string;
  /** The port on this side. */
  local_port: Port;
  /**
   * How long it took, name resolution and all attempts included; with
   * `--connect-only`, this one connection alone.
   */
  connect_us: Microseconds;
}

/** An attempt of a TCP client that only connects has failed (only with `detail`). */
export interface ConnectFailedEvent
  extends NamedEvent<"connect-failed">, PeerAddress {
  /** The sequence of attempts, where there are several at once. */
  connection?: PositiveCount;
  /** Counts the attempts from 1. */
  sequence: PositiveCount;
  /** Why. */
  reason: ConnectFailureReason;
  /** The same, in words. */
  detail: string;
  /** How long it waited. */
  waited_us: Microseconds;
}

/** A connection of a TCP client was idle, and has answered or not. */
export interface IdleEvent extends NamedEvent<"idle"> {
  /** How long nothing was sent on it. */
  idle_us: Microseconds;
  /** How long the answer took; absent where there was none. */
  rtt_us?: Microseconds;
  /** Why there was none; absent where it answered. */
  died_by?: IdleEnd;
}

/**
 * A client begins to measure, or to warm up for it. Its settings are here, so
 * that results can be told apart by them.
 */
export interface StartedEvent extends NamedEvent<"started">, PeerAddress {
  /** The peer's name or address, as it was given. */
  target: string;
  /** The peer's name for people, where it was given one. */
  label?: string;
  /** This side's name for people, where it was given one. */
  source_label?: string;
  /** What the peer is expected to do. */
  service: Probe;
  /** The size of each message; where sizes are drawn, of the largest that may be. */
  size: Count;
  /** Where sizes are drawn evenly at random: the smallest that may be. */
  smallest_size?: Count;
  /**
   * Where sizes are drawn: what they are drawn by. With the same seed, the n-th
   * message of each connection or socket has the same size.
   */
  seed?: Count;
  /** Connections (TCP) or sockets (UDP) at once. */
  connections: PositiveCount;
  /** Threads among which they are divided; absent for one. */
  workers?: PositiveCount;
  /** The source port of the first, where the user chose it; the others' follow. */
  local_port?: Port;
  /** Messages in flight at once on each of them; absent where there is no limit. */
  pipeline?: PositiveCount;
  /**
   * Messages a second, in all, on a fixed schedule (open loop); absent where
   * answers set the pace (closed loop).
   *
   * @exclusiveMinimum 0
   */
  rate_per_second?: Figure;
  /**
   * Bytes of messages a second, in all, on a fixed schedule (open loop); absent
   * where they are not paced by bytes.
   *
   * @exclusiveMinimum 0
   */
  bandwidth_bytes_per_second?: Figure;
  /** Messages due at once at each tick of interval, rate or bandwidth; absent for 1. */
  burst?: PositiveCount;
  /** Messages in all; absent where there is no such limit. */
  count?: PositiveCount;
  /** How long it measures; absent where there is no such limit. */
  duration_us?: Microseconds;
  /** Time from one message to the next on each connection. */
  interval_us?: Microseconds;
  /** How long it warms up first. */
  warmup_us?: Microseconds;
  /** The least time for which connections are idle, where that is what it tests. */
  shortest_idle_us?: Microseconds;
  /** The longest such time. */
  longest_idle_us?: Microseconds;
  /** How long such a run takes at most. */
  at_most_us?: Microseconds;
  /** How long it waits for an answer, or to be connected where it only connects. */
  timeout_us: Microseconds;
  /** It measures under load: these are the settings of its probes, and this is the load's. */
  under_load?: Pick<UnderLoad, "bulk" | "connections">;
}

/** A client has handed a message to its socket (in a measuring run only with `detail`). */
export interface SentEvent extends NamedEvent<"sent"> {
  /** The connection, or the socket, where there are several. */
  connection?: PositiveCount;
  /** Counts the connection's messages from 1; absent where there is but one. */
  sequence?: PositiveCount;
  /** Its size. */
  bytes: Count;
}

/** A client has received an answer, whole and checked (in a measuring run only with `detail`). */
export interface ReceivedEvent extends NamedEvent<"received"> {
  /** The connection, or the socket, where there are several. */
  connection?: PositiveCount;
  /** The message that was answered; absent where there is but one. */
  sequence?: PositiveCount;
  /** Its size. */
  bytes: Count;
  /** Round-trip delay (RFC 2681); absent where no single message was timed. */
  rtt_us?: Microseconds;
  /** A datagram's bytes where the caller chose them; base64 in JSON. */
  data?: Uint8Array;
}

/** A UDP client got no answer in time (only with `detail`). */
export interface LostEvent extends NamedEvent<"lost"> {
  /** The socket, where there are several. */
  connection?: PositiveCount;
  /** The message that was not answered. */
  sequence: PositiveCount;
  /** How long it waited. */
  waited_us: Microseconds;
}

/**
 * A UDP client received a datagram that is not the answer it waits for (in a
 * measuring run only with `detail`).
 */
export interface StrayEvent extends NamedEvent<"stray">, PeerAddress {
  /** The socket, where there are several. */
  connection?: PositiveCount;
  /** Its size. */
  bytes: Count;
  /**
   * - `other-address`: not from the address that the client sends to.
   * - `late`: an answer that came after the timeout of its message.
   * - `duplicate`: another copy of an answer that was received before.
   * - `corrupted`: not what was sent, or no answer to anything.
   * - `oversized`: longer than a character generator may answer (RFC 864).
   */
  reason: "other-address" | "late" | "duplicate" | "corrupted" | "oversized";
}

/** Nothing comes back any more: a message was lost, or could not be sent. */
export interface OutageBeganEvent
  extends NamedEvent<"outage-began">, Omit<Outage, "ended" | "outage_us"> {
}

/** Messages come back again. */
export interface OutageEndedEvent extends NamedEvent<"outage-ended">, Outage {
}

/** A TCP client with an interval has lost its connection, and makes a new one. */
export interface DisconnectedEvent extends NamedEvent<"disconnected"> {
  /** The connection, where there are several. */
  connection?: PositiveCount;
  /** Why, in words. */
  detail: string;
  /** Messages whose answer had not come, and cannot come any more. */
  messages_lost: Count;
}

/** A TCP client with an interval is connected again. */
export interface ReconnectedEvent
  extends NamedEvent<"reconnected">, PeerAddress {
  /** The connection, where there are several. */
  connection?: PositiveCount;
  /** How long it was not connected. */
  disconnected_us: Microseconds;
  /** Attempts to connect that it took. */
  attempts: PositiveCount;
}

/** A TCP client's connection was closed gracefully. */
export interface ClosedEvent extends NamedEvent<"closed"> {
}

/**
 * A second of a measuring client, or as long as it is told to report. It is emitted once every message sent in it has
 * been answered or has timed out. All intervals add up to the result.
 */
export interface IntervalEvent
  extends NamedEvent<"interval">, PartCounts, Speed {
  /** It is part of the warm-up, and so not of the result. */
  warmup?: true;
  /** When it began. */
  began: Time;
  /** From the start of measuring (or of the warm-up) to the end of this interval. */
  elapsed_us: Microseconds;
  /** Its length. */
  interval_us: Microseconds;
  /** Round trips that ended in it; absent where none did. From 10 s on, with their histogram. */
  rtt_us?: DelaySummary;
  /**
   * With shorter intervals, once a minute: all round trips so far, with their
   * histogram.
   */
  rtt_so_far_us?: DelaySummary;
  /** What happened on each way of its path; present with STAMP. */
  directions?: IntervalDirections;
}

/** An interval of a phase of a run under load. */
export interface LoadIntervalEvent extends NamedEvent<"load-interval"> {
  /** The phase. */
  phase: LoadPhaseName;
  /** From the start of measuring to the end of this interval. */
  elapsed_us: Microseconds;
  /** Its length. */
  interval_us: Microseconds;
  /** Payload of the bulk traffic that went out a second; absent without any. */
  sent_bytes_per_second?: Figure;
  /** Payload of the bulk traffic that came back a second; absent without any. */
  received_bytes_per_second?: Figure;
  /** The speed of the bulk traffic has settled: the path is full. */
  saturated?: true;
  /** Probes that were answered in it; absent where none was. */
  rtt_us?: DelaySummary;
}

/** What the TCP client emits. */
export type TcpClientEvent =
  | RetryEvent
  | ConnectedEvent
  | ConnectFailedEvent
  | IdleEvent
  | StartedEvent
  | SentEvent
  | ReceivedEvent
  | IntervalEvent
  | LoadIntervalEvent
  | ClientProgressEvent
  | OutageBeganEvent
  | OutageEndedEvent
  | DisconnectedEvent
  | ReconnectedEvent
  | ClosedEvent
  | ResultEvent;

/** What the UDP client emits. */
export type UdpClientEvent =
  | RetryEvent
  | StartedEvent
  | SentEvent
  | ReceivedEvent
  | LostEvent
  | StrayEvent
  | IntervalEvent
  | LoadIntervalEvent
  | ClientProgressEvent
  | OutageBeganEvent
  | OutageEndedEvent
  | ResultEvent;

/**
 * Called for each event of a client. Where it returns a promise, the client waits
 * for it before the next message, so that a slow reader of the events slows the
 * client down instead of filling memory.
 */
export type ClientObserver<E> = (event: E) => void | Promise<void>;
