/**
 * Events as the programs write them with `--json`, one a line.
 *
 * @module
 */
import type {
  Base64,
  ClockSteppedEvent,
  ErrorCode,
  NamedEvent,
  PositiveCount,
} from "./base.ts";
import type { TcpClientEvent, UdpClientEvent } from "./client.ts";
import type { EchosounderEvent } from "./mod.ts";
import type { Failure } from "./result.ts";
import type {
  DroppedEvent,
  FaultEvent,
  RejectedEvent,
  SuppressedEvent,
  TcpServerEvent,
  UdpServerEvent,
} from "./server.ts";

/** A program ends because of an error. */
export interface ErrorEvent extends NamedEvent<"error"> {
  /** What went wrong, for programs. */
  code: ErrorCode | Failure["code"] | "usage" | "internal";
  /** What went wrong, for people. */
  message: string;
  /** The program's exit code. */
  exit_code: 1 | 2 | 3 | 4 | 130;
}

/** Everything that a program writes. */
export type ProgramEvent = EchosounderEvent | ErrorEvent;

/** What can come in floods: of each kind and reason, one a second is printed. */
export type RateLimitedEvent =
  | RejectedEvent
  | SuppressedEvent
  | DroppedEvent
  | ClockSteppedEvent
  | FaultEvent;

/** What a rate-limited event may have besides. */
export interface Omission {
  /** Events omitted since the last one printed; absent where none were. */
  omitted?: PositiveCount;
}

/** An event as it is printed. */
export type Printed<E> = E extends RateLimitedEvent ? E & Omission : E;

/** What each of the four programs prints. */
export interface EventsOfRole {
  /** What a TCP server prints. */
  "tcp-server": TcpServerEvent | ErrorEvent;
  /** What a UDP server prints. */
  "udp-server": UdpServerEvent | ErrorEvent;
  /** What a TCP client prints. */
  "tcp-client": TcpClientEvent | ErrorEvent;
  /** What a UDP client prints. */
  "udp-client": UdpClientEvent | ErrorEvent;
}

/** The four programs. */
export type Role = keyof EventsOfRole;

/**
 * A moment as RFC 3339 has it, in UTC.
 *
 * @format date-time
 * @pattern ^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$
 */
export type Time = string;

/** What every line has besides the fields of its event. */
export interface LineHead {
  /** The program that wrote it. */
  role: Role;
  /** When it was written. */
  time: Time;
  /** The version of this format. */
  schema: 2;
}

/** An event as it is in JSON, where bytes are base64. */
export type Written<E> = E extends unknown ? {
    [Key in keyof E]: E[Key] extends Uint8Array ? Base64
      : E[Key] extends Uint8Array | undefined ? Base64 | undefined
      : E[Key];
  }
  : never;

/** A line, parsed. */
export type EventLine = {
  [R in Role]: Written<Printed<EventsOfRole[R]>> & LineHead & { role: R };
}[Role];
