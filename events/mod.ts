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
import type { TcpClientEvent, UdpClientEvent } from "./client.ts";
import type { TcpServerEvent, UdpServerEvent } from "./server.ts";

export type * from "./base.ts";
export type * from "./client.ts";
export type * from "./result.ts";
export type * from "./server.ts";

/** Everything that happens in any of the four roles. */
export type EchosounderEvent =
  | TcpServerEvent
  | UdpServerEvent
  | TcpClientEvent
  | UdpClientEvent;
