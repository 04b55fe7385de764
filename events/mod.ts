/**
 * The events that servers and clients emit, one type for each thing that happens.
 * `line.ts` has what a program adds to them as JSON Lines, and
 * `events.schema.json` is generated from both (`deno task schema`).
 *
 * Names are those of the JSON: durations are microseconds (`_us`), sizes are
 * bytes.
 *
 * @module
 */
import type { TcpClientEvent, UdpClientEvent } from "./client.ts";
import type { TcpServerEvent, UdpServerEvent } from "./server.ts";

export type * from "./base.ts";
export type * from "./client.ts";
export type * from "./result.ts";
export type * from "./server.ts";

/** Every event of all four roles. */
export type EchosounderEvent =
  | TcpServerEvent
  | UdpServerEvent
  | TcpClientEvent
  | UdpClientEvent;
