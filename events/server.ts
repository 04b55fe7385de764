/**
 * What the servers emit.
 *
 * @module
 */
import type {
  ClockSteppedEvent,
  Count,
  Microseconds,
  NamedEvent,
  PeerAddress,
  Port,
  PositiveCount,
  Service,
  Traffic,
  UdpService,
} from "./base.ts";

/** A server is bound and serves clients from now on. */
export interface ListeningEvent extends NamedEvent<"listening"> {
  /** The address that was actually bound. */
  host: string;
  /** The port that was actually bound. */
  port: Port;
  /** What it does with what it receives. */
  service: UdpService;
  /** TCP: what it serves on other ports besides; absent where nothing. */
  also?: PortService[];
}

/** A service and its port. */
export interface PortService {
  /** The service. */
  service: Service;
  /** The port; to bind, 0 stands for a free one. */
  port: Port;
}

/** A TCP server accepted a client. */
export interface ConnectionOpenedEvent
  extends NamedEvent<"connection-opened">, PeerAddress {
  /** The client's number, from 1; the same in all events of a client. */
  connection: PositiveCount;
}

/** A TCP server received a piece of a client's stream (only with `detail`). */
export interface ChunkReceivedEvent extends NamedEvent<"chunk-received"> {
  /** The client's number. */
  connection: PositiveCount;
  /** The size of the piece: what one read returned. */
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
 * Why a TCP server's connection ended.
 *
 * - `finished`: both sides shut down gracefully.
 * - `reset`: the client reset the connection.
 * - `failed`: another error, named in `detail`.
 * - `idle`: no byte moved for as long as `idleTimeout` allows.
 * - `cut-off`: the server was stopped before the client had finished.
 */
export type CloseReason = "finished" | "reset" | "failed" | "idle" | "cut-off";

/** A TCP server's connection has ended. */
export interface ConnectionClosedEvent
  extends NamedEvent<"connection-closed">, PeerAddress, Traffic {
  /** The client's number. */
  connection: PositiveCount;
  /** How long it was open. */
  duration_us: Microseconds;
  /** Why. */
  reason: CloseReason;
  /** The system's reason, for `reset` and `failed`. */
  detail?: string;
}

/** A peer was rejected. */
export interface RejectedEvent extends NamedEvent<"rejected">, PeerAddress {
  /**
   * Why:
   *
   * - `not-allowed`: it is not in the allow-list.
   * - `max-connections`: there are too many connections.
   * - `not-unicast`: an answer would go to many, or to nobody.
   */
  reason: "not-allowed" | "max-connections" | "not-unicast";
}

/**
 * A UDP server suppressed its answer to a datagram that one peer repeats, so that
 * the two do not answer each other for ever.
 */
export interface SuppressedEvent extends NamedEvent<"suppressed">, PeerAddress {
}

/**
 * Why a STAMP reflector does not answer a packet.
 *
 * - `too-short`: it is shorter than a test packet of its mode.
 * - `wrong-hmac`: its HMAC is not that of the key.
 * - `reflection`: it is a reflector's, and answering it might never end.
 */
export type DropReason = "too-short" | "wrong-hmac" | "reflection";

/** A STAMP reflector dropped a packet. */
export interface DroppedEvent extends NamedEvent<"dropped">, PeerAddress {
  /** Why. */
  reason: DropReason;
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

/** An operation failed, and the server goes on. */
export interface FaultEvent extends NamedEvent<"fault"> {
  /** What failed. */
  operation: "accept" | "receive" | "send";
  /** Why, in words. */
  detail: string;
  /** How long the server waits before it tries again. */
  retry_us?: Microseconds;
}

/** What became of a TCP server's connections. */
export interface ServedConnections {
  /** Connections accepted. */
  accepted: Count;
  /** Connections that ended by `reset` or `failed`. */
  failed: Count;
  /** Connections closed because no byte moved for too long. */
  idle: Count;
  /** Connections closed because the server stopped. */
  cut_off: Count;
  /** Connections that are open; absent once the server has stopped. */
  open?: Count;
}

/** What became of the datagrams that a UDP server received. */
export interface ServedDatagrams {
  /** Datagrams received, without those rejected. */
  received: Count;
  /** Answers sent. */
  sent: Count;
  /**
   * Answers suppressed so that no loop lasts: those to a datagram that one peer
   * repeats. The datagrams count as received.
   */
  suppressed: Count;
}

/** What became of the packets that a STAMP reflector received. */
export interface Reflections {
  /** Sessions begun: an address, port and session identifier each. None without state. */
  sessions: Count;
  /** Sessions forgotten because there were too many: the ones idle for longest. */
  sessions_forgotten: Count;
  /** Packets shorter than STAMP's, from TWAMP Light senders; they were answered. */
  short: Count;
  /** Packets dropped because they were shorter than a test packet. */
  too_short: Count;
  /** Packets dropped because of their HMAC. */
  wrong_hmac: Count;
  /** Packets dropped because they were a reflector's. */
  reflected_already: Count;
  /** How often the reflector stood still for 50 ms or more: stopped, or without a processor. */
  standstills: Count;
  /** Packets received after a standstill, of which it estimated when they had arrived. */
  estimated: Count;
  /** How often the system's time was set, or leapt. */
  clock_steps: Count;
}

/** What a server has done, at its end or so far. */
export interface ServerFigures extends Traffic {
  /** Connections (TCP) or datagrams (UDP) rejected. */
  rejected: Count;
  /** Operations that failed: accepting (TCP), sending and receiving (UDP). */
  faults: Count;
  /** How long it ran. */
  duration_us: Microseconds;
  /** What became of its connections; absent over UDP. */
  connections?: ServedConnections;
  /** What became of its datagrams; absent over TCP. */
  datagrams?: ServedDatagrams;
  /** What became of its test packets; only with the service `stamp`. */
  reflections?: Reflections;
}

/** A server has stopped. */
export interface SummaryEvent extends NamedEvent<"summary">, ServerFigures {
}

/** A server was asked what it has done so far. */
export interface ServerProgressEvent
  extends NamedEvent<"progress">, ServerFigures {
}

/** The summary of a TCP server. */
export interface TcpSummary extends SummaryEvent {
  /** What became of its connections. */
  connections: ServedConnections;
}

/** The summary of a UDP server. */
export interface UdpSummary extends SummaryEvent {
  /** What became of its datagrams. */
  datagrams: ServedDatagrams;
}

/** What {@linkcode serveTcp} emits. */
export type TcpServerEvent =
  | ListeningEvent
  | ConnectionOpenedEvent
  | ChunkReceivedEvent
  | ChunkSentEvent
  | ConnectionClosedEvent
  | RejectedEvent
  | FaultEvent
  | SummaryEvent
  | ServerProgressEvent;

/** What {@linkcode serveUdp} emits. */
export type UdpServerEvent =
  | ListeningEvent
  | DatagramEvent
  | RejectedEvent
  | SuppressedEvent
  | DroppedEvent
  | ClockSteppedEvent
  | FaultEvent
  | SummaryEvent
  | ServerProgressEvent;
