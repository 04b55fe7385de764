/**
 * Measuring over TCP.
 *
 * @module
 */
import type { MeasureResult } from "../../events/mod.ts";
import { concludeTcp, type MeasureTcpOptions, runTcp } from "./run.ts";

export type { MeasureTcpOptions } from "./run.ts";

/**
 * Measures a path over one or more connections: each message is echoed, compared
 * byte for byte, and its round-trip delay recorded (RFC 2681). Without a rate the
 * answers set the pace (closed loop). With one, each message has a scheduled time
 * that no answer shifts, and its delay counts from that time (open loop, without
 * coordinated omission). At the end every connection is shut down in order.
 *
 * @returns The result, also where the check failed (`passed`, `failure`).
 * @throws {EchosounderError} `invalid-option` for a wrong value;
 * `cannot-resolve`, `cannot-connect` or `stopped`, before all connections are
 * there.
 *
 * @example
 * ```ts
 * import { measureTcp, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const result = await measureTcp({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   payload: { size: 64 },
 *   count: 10,
 * });
 * console.log(result.messages_received, result.rtt_us?.p50);
 * ```
 */
export async function measureTcp(
  options: MeasureTcpOptions,
): Promise<MeasureResult> {
  return await concludeTcp(options, await runTcp(options));
}
