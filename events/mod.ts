/**
 * What the servers and clients tell their caller, one type for each thing that
 * happens. `line.ts` says what a program adds to them as JSON Lines, and
 * `events.schema.json` is made of both (`deno task schema`).
 *
 * Names are spelled as in the JSON: durations are microseconds (`_us`), sizes
 * are bytes.
 *
 * @module
 */
import type { ErrorCode } from "./base.ts";
import type { NamedEvent } from "./base.ts";
import type { TcpClientEvent, UdpClientEvent } from "./client.ts";
import type { Failure } from "./result.ts";
import type { TcpServerEvent, UdpServerEvent } from "./server.ts";

export type * from "./base.ts";
export type * from "./client.ts";
export type * from "./line.ts";
export type * from "./result.ts";
export type * from "./server.ts";

/** A program ends because of an error. */
export interface ErrorEvent extends NamedEvent<"error"> {
  /** What went wrong, for programs. */
  code: ErrorCode | Failure["code"] | "usage" | "internal";
  /** What went wrong, for people. */
  message: string;
  /** The exit code that it leads to. */
  exit_code: 1 | 2 | 3 | 4 | 130;
}

/** Everything that any of the four programs tells. */
export type EchosounderEvent =
  | TcpServerEvent
  | UdpServerEvent
  | TcpClientEvent
  | UdpClientEvent
  | ErrorEvent;
