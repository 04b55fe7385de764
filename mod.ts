/**
 * echosounder tests and measures a TCP or UDP path with echo traffic: servers
 * send back what they receive, and clients check every byte of the echo and
 * measure the round-trip delay.
 *
 * | role | function |
 * | --- | --- |
 * | TCP server | {@linkcode serveTcp} |
 * | TCP client | {@linkcode echoTcp}, {@linkcode measureTcp}, {@linkcode measureConnect}, {@linkcode measureIdle}, {@linkcode measureTcpUnderLoad} |
 * | UDP server | {@linkcode serveUdp} |
 * | UDP client | {@linkcode echoUdp}, {@linkcode measureUdp}, {@linkcode measureUdpUnderLoad} |
 *
 * Durations in options are milliseconds, as everywhere on the Web platform;
 * durations in events and results are microseconds, and their names say so.
 *
 * @example A server and a client in one program
 * ```ts
 * import { echoTcp, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const result = await echoTcp({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   payload: [new TextEncoder().encode("this is a test")],
 * });
 * console.log(result.passed, result.bytes_received); // true 14
 * ```
 *
 * @module
 */
export * from "./tcp/server/server.ts";
export * from "./tcp/client/echo.ts";
export * from "./tcp/client/measure.ts";
export * from "./tcp/client/measure_connect.ts";
export * from "./tcp/client/measure_idle.ts";
export * from "./tcp/client/under_load.ts";
export * from "./udp/server/server.ts";
export * from "./udp/client/echo.ts";
export * from "./udp/client/measure.ts";
export * from "./udp/client/under_load.ts";
export { SMALLEST_MEASURED } from "./udp/client/probe_socket.ts";
export { type TargetOptions } from "./udp/client/target.ts";
export { LARGEST_DATAGRAM } from "./udp/datagram.ts";
export { type ConnectTcpOptions } from "./tcp/client/connect.ts";
export { EchosounderError } from "./net/errors.ts";
export * from "./events/mod.ts";
export { type AddressFamily } from "./net/resolve.ts";
export { type LocalAddress } from "./net/address.ts";
export {
  type MeasuredPayload,
  patternPieces,
  type Payload,
} from "./measure/messages.ts";
export { type MessageSize, type SizeRange } from "./measure/sizes.ts";
export { type Distribution, mergeDelays } from "./measure/round_trips.ts";
export { type ScheduleOptions } from "./measure/schedule.ts";
export {
  type Figures,
  type MeasureOptions,
  type RunCounts,
  type RunInProgress,
  type TransportFigures,
} from "./measure/run.ts";
export { type Loads, type UnderLoadOptions } from "./measure/under_load.ts";
export { type LoadRun } from "./measure/load.ts";
export { type DelayCount } from "./measure/histogram.ts";
export { type MetricExpectation } from "./measure/expectations.ts";
export { type DelayFigure, type Metric } from "./measure/metrics.ts";
