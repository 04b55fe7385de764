/**
 * What all events share.
 *
 * @module
 */

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

/**
 * What went wrong, as a word that a program can act on.
 *
 * - `invalid-option`: an option's value cannot be used.
 * - `cannot-listen`: the address could not be bound.
 * - `cannot-resolve`: the name has no address (of the family asked for).
 * - `cannot-connect`: no address of the peer took the connection.
 * - `stopped`: the caller's `AbortSignal` ended it.
 */
export type ErrorCode =
  | "invalid-option"
  | "cannot-listen"
  | "cannot-resolve"
  | "cannot-connect"
  | "stopped";
