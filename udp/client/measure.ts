/**
 * Measuring over UDP.
 *
 * @module
 */
import type { DatagramResult, MeasureResult } from "../../events/mod.ts";
import { concludeUdp, type MeasureUdpOptions, runUdp } from "./run.ts";

export type { MeasureUdpOptions, SessionSenderOptions } from "./run.ts";

/**
 * Measures a path with datagrams from one or more sockets. Each carries its
 * socket's stream, a sequence number, a checksum of both and a pattern of its own,
 * so that it can be told apart as answered, lost (RFC 6673), late, duplicated (RFC
 * 5560), reordered (RFC 4737) or corrupted. Without a rate the answers set the
 * pace (closed loop). With one, each datagram has a scheduled time that no answer
 * shifts, and its delay counts from that time (open loop, without coordinated
 * omission).
 *
 * @returns The result, also where the check failed (`passed`, `failure`).
 * @throws {EchosounderError} `cannot-resolve`, `stopped` before anything was
 * sent, `cannot-bind` when the system gives no socket, and `invalid-option`
 * for a wrong value, more bytes than a datagram can carry, or too few to be
 * told apart.
 *
 * @example
 * ```ts
 * import { measureUdp, serveUdp } from "./mod.ts";
 *
 * await using server = serveUdp({ hostname: "127.0.0.1", port: 0 });
 * const result = await measureUdp({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   size: 200,
 *   count: 10,
 * });
 * console.log(result.messages_received, result.datagrams.lost);
 * ```
 */
export async function measureUdp(
  options: MeasureUdpOptions,
): Promise<MeasureResult & DatagramResult> {
  return await concludeUdp(options, await runUdp(options));
}
