/**
 * What the servers emit.
 *
 * @module
 */
import type {
  Count,
  Microseconds,
  NamedEvent,
  PeerAddress,
  Port,
  PositiveCount,
  Service,
  Traffic,
} from "./base.ts";

/** A server is bound and takes clients from now on. */
export interface ListeningEvent extends NamedEvent<"listening"> {
  /** The address that was really bound. */
  host: string;
  /** The port that was really bound. */
  port: Port;
  /** What it does with what it receives. */
  service: Service;
}

/** A TCP server accepted a client. */
export interface ConnectionOpenedEvent
  extends NamedEvent<"connection-opened">, PeerAddress {
  /** Counts the server's clients from 1; the same in all events of a client. */
  connection: PositiveCount;
}

/** A TCP server received a piece of a client's stream (only with `detail`). */
export interface ChunkReceivedEvent extends NamedEvent<"chunk-received"> {
  /** The client's number. */
  connection: PositiveCount;
  /** The size of the piece: as much as one read gave. */
  bytes: Count;
}

/** A TCP server sent a piece of a client's stream (only with `detail`). */
export interface ChunkSentEvent extends NamedEvent<"chunk-sent"> {
  /** The client's number. */
  connection: PositiveCount;
  /** The size of the piece. */
  bytes: Count;
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
  connection: PositiveCount;
  /** How long it was there. */
  duration_us: Microseconds;
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
   */
  reason: "not-allowed" | "max-connections" | "not-unicast";
}

/**
 * A UDP server left a datagram unanswered that came from the same peer again and
 * again, so that it does not go round for ever where the peer answers answers.
 */
export interface SuppressedEvent extends NamedEvent<"suppressed">, PeerAddress {
}

/** A UDP server received a datagram (only with `detail`). */
export interface DatagramEvent extends NamedEvent<"datagram">, PeerAddress {
  /** Its size. */
  bytes_received: Count;
  /** The size of the answer; 0 where none was sent. */
  bytes_sent: Count;
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
  retry_us?: Microseconds;
}

/** What became of a TCP server's clients. */
export interface ServedConnections {
  /** Clients served. */
  accepted: Count;
  /** Clients that ended by `reset` or `failed`. */
  failed: Count;
  /** Clients closed because nothing moved for too long. */
  idle: Count;
  /** Clients closed because the server stopped. */
  cut_off: Count;
}

/** What became of the datagrams that a UDP server received. */
export interface ServedDatagrams {
  /** Datagrams received, those turned away left out. */
  received: Count;
  /** Answers sent. */
  sent: Count;
  /**
   * Answers left out so that no loop lasts: to datagrams that came from the same
   * peer again and again. They are counted as received.
   */
  suppressed: Count;
}

/** A server has stopped. */
export interface SummaryEvent extends NamedEvent<"summary">, Traffic {
  /** Peers turned away (TCP), or datagrams not served (UDP). */
  rejected: Count;
  /** Failures that were survived: of accepting (TCP), of sending and receiving (UDP). */
  faults: Count;
  /** How long it ran. */
  duration_us: Microseconds;
  /** What became of its clients; absent over UDP. */
  connections?: ServedConnections;
  /** What became of its datagrams; absent over TCP. */
  datagrams?: ServedDatagrams;
}

/** The summary of a TCP server. */
export interface TcpSummary extends SummaryEvent {
  /** What became of its clients. */
  connections: ServedConnections;
}

/** The summary of a UDP server. */
export interface UdpSummary extends SummaryEvent {
  /** What became of its datagrams. */
  datagrams: ServedDatagrams;
}

/** What {@linkcode serveTcp} tells. */
export type TcpServerEvent =
  | ListeningEvent
  | ConnectionOpenedEvent
  | ChunkReceivedEvent
  | ChunkSentEvent
  | ConnectionClosedEvent
  | RejectedEvent
  | FaultEvent
  | SummaryEvent;

/** What {@linkcode serveUdp} tells. */
export type UdpServerEvent =
  | ListeningEvent
  | DatagramEvent
  | RejectedEvent
  | SuppressedEvent
  | FaultEvent
  | SummaryEvent;
