/**
 * Events as the programs write them with `--json`, one a line.
 *
 * @module
 */
import type { Base64, ErrorCode, NamedEvent, PositiveCount } from "./base.ts";
import type { TcpClientEvent, UdpClientEvent } from "./client.ts";
import type { EchosounderEvent } from "./mod.ts";
import type { Failure } from "./result.ts";
import type {
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
  /** The exit code that it leads to. */
  exit_code: 1 | 2 | 3 | 4 | 130;
}

/** Everything that a program writes. */
export type ProgramEvent = EchosounderEvent | ErrorEvent;

/** What comes in floods: of each kind and reason, one a second is told. */
export type FloodEvent = RejectedEvent | SuppressedEvent | FaultEvent;

/** What an event that comes in floods may have besides. */
export interface Omission {
  /** How many more there were since the last that was told; absent where none were. */
  omitted?: PositiveCount;
}

/** An event as it is told. */
export type Told<E> = E extends FloodEvent ? E & Omission : E;

/** What each of the four programs tells. */
export interface EventsOfRole {
  /** What a TCP server tells. */
  "tcp-server": TcpServerEvent | ErrorEvent;
  /** What a UDP server tells. */
  "udp-server": UdpServerEvent | ErrorEvent;
  /** What a TCP client tells. */
  "tcp-client": TcpClientEvent | ErrorEvent;
  /** What a UDP client tells. */
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

/** What every line has besides its event. */
export interface LineHead {
  /** The program that wrote it. */
  role: Role;
  /** When it was written. */
  time: Time;
  /** The version of the lines' form. */
  schema: 2;
}

/** An event as JSON has it, in which bytes are text. */
export type Written<E> = E extends unknown ? {
    [Key in keyof E]: E[Key] extends Uint8Array ? Base64
      : E[Key] extends Uint8Array | undefined ? Base64 | undefined
      : E[Key];
  }
  : never;

/** A line, read. */
export type EventLine = {
  [R in Role]: Written<Told<EventsOfRole[R]>> & LineHead & { role: R };
}[Role];
