/**
 * What all events share.
 *
 * @module
 */

/**
 * How many.
 *
 * @asType integer
 * @minimum 0
 * @maximum 9007199254740991
 */
export type Count = number;

/**
 * How many, at least one; or a number that counts from 1.
 *
 * @asType integer
 * @minimum 1
 * @maximum 9007199254740991
 */
export type PositiveCount = number;

/**
 * A port of TCP or UDP.
 *
 * @asType integer
 * @minimum 0
 * @maximum 65535
 */
export type Port = number;

/**
 * A byte.
 *
 * @asType integer
 * @minimum 0
 * @maximum 255
 */
export type Byte = number;

/**
 * A length of time in microseconds.
 *
 * @minimum 0
 */
export type Microseconds = number;

/**
 * A difference of two clocks in microseconds, which may be negative; in a bound of
 * what timestamps can hold.
 *
 * @minimum -1e16
 * @maximum 1e16
 */
export type ClockDifference = number;

/**
 * Any other figure: a rate, a share, a limit.
 *
 * @minimum 0
 */
export type Figure = number;

/**
 * Bytes as base64 (RFC 4648, section 4).
 *
 * @contentEncoding base64
 * @pattern ^[A-Za-z0-9+/]*={0,2}$
 */
export type Base64 = string;

/** What a server does with what it receives (RFC 862, RFC 863, RFC 864). */
export type Service = "echo" | "discard" | "chargen";

/** What a UDP server does: the same, or STAMP (RFC 8762). */
export type UdpService = Service | "stamp";

/**
 * What a client's run asks of its peer.
 *
 * - a service: what to do with messages.
 * - `connect`: to accept connections, on which no byte is sent.
 * - `idle`: to answer on connections that have been idle.
 */
export type Probe = UdpService | "connect" | "idle";

/** The transport protocol. */
export type Transport = "TCP" | "UDP";

/**
 * A moment as RFC 3339 has it, in UTC.
 *
 * @format date-time
 * @pattern ^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$
 */
export type Time = string;

/** What every event has. */
export interface NamedEvent<Name extends string> {
  /** What happened. */
  event: Name;
}

/**
 * The system's time was set, or leapt, while timestamps of it were taken (STAMP):
 * those before and after cannot be compared.
 */
export interface ClockSteppedEvent extends NamedEvent<"clock-stepped"> {
  /** By how much, good to a millisecond. */
  step_us: Microseconds;
  /** To a later time, or to an earlier one. */
  direction: "forwards" | "backwards";
}

/** What every event about a peer has. */
export interface PeerAddress {
  /** The peer's address. */
  peer_host: string;
  /** The peer's port. */
  peer_port: Port;
}

/** Bytes moved in each direction. */
export interface Traffic {
  /** Bytes received. */
  bytes_received: Count;
  /** Bytes sent. */
  bytes_sent: Count;
}

/**
 * What went wrong, as a code that a program can act on.
 *
 * - `invalid-option`: an option's value cannot be used.
 * - `cannot-bind`: the address could not be bound.
 * - `cannot-resolve`: the name has no address (of the family asked for).
 * - `cannot-connect`: no address of the peer accepted the connection.
 * - `stopped`: the caller's `AbortSignal` aborted it.
 */
export type ErrorCode =
  | "invalid-option"
  | "cannot-bind"
  | "cannot-resolve"
  | "cannot-connect"
  | "stopped";
