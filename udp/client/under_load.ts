/**
 * Delay under load over UDP, and the bulk traffic over UDP.
 *
 * @module
 */
import type { MetricExpectation } from "../../measure/expectations.ts";
import type { LoadRun } from "../../measure/load.ts";
import type { MeasureOptions } from "../../measure/run.ts";
import { checkSize, type MessageSize } from "../../measure/sizes.ts";
import {
  LOAD_CONNECTIONS,
  type Loads,
  measureUnderLoad,
  UNDER_LOAD_KINDS,
  type UnderLoadObserver,
  type UnderLoadOptions,
} from "../../measure/under_load.ts";
import type { MeasureResult, Service, Transport } from "../../events/mod.ts";
import { checkOptions, time, unlimited } from "../../net/options.ts";
import type { UdpClientOptions } from "./echo.ts";
import { measureUdp } from "./measure.ts";
import { TARGET_KINDS, type TargetOptions } from "./target.ts";

/** Which bulk traffic over UDP there can be. */
export interface UdpLoadOptions extends Omit<TargetOptions, "sourcePort"> {
  /** The port of a discard server on the same host, for bulk traffic to it. */
  discardPort?: number;
  /** Payload to send, in bytes a second: nothing else slows datagrams down. */
  bytesPerSecond: number;
  /** Sockets. @default {4} */
  connections?: number;
}

/** Options of {@linkcode measureUdpUnderLoad}. */
export interface MeasureUdpUnderLoadOptions
  extends
    UdpClientOptions,
    UnderLoadOptions,
    Pick<MeasureOptions, "reportEvery" | "label" | "sourceLabel" | "onRun"> {
  /** The size of each probe, in bytes; of a range, one is drawn for each. */
  size: MessageSize;
  /** The bulk traffic: {@linkcode udpLoads}, or over TCP `tcpLoads`. */
  loads: Loads;
  /** What it travels on. */
  bulk: Transport;
  /** Conditions that the result must meet. */
  expectations?: readonly MetricExpectation[];
  /** Ends the run early. */
  signal?: AbortSignal;
}

/** A datagram of this size goes through most networks in one frame. */
const BULK_SIZE = 1400;

/**
 * Bulk traffic over UDP: out to a discard server, and both ways with the echo
 * server. What of it arrives cannot be known, one way. There is none back alone: a
 * character generator answers each datagram with one of 512 bytes at most.
 */
export function udpLoads(options: UdpLoadOptions): Loads {
  const { hostname, family, bind, discardPort, bytesPerSecond } = options;
  const { connections = LOAD_CONNECTIONS } = options;
  const to = (service: Service, port: number | undefined): LoadRun => (more) =>
    measureUdp({
      hostname,
      port,
      family,
      bind: bind && { hostname: bind.hostname },
      service,
      connections,
      size: BULK_SIZE,
      rate: bytesPerSecond / BULK_SIZE,
      ...more,
    });
  return {
    out: discardPort === undefined ? undefined : [to("discard", discardPort)],
    both: [to("echo", options.port)],
  };
}

/**
 * Measures how much the round-trip delay of datagrams grows, and how many are lost,
 * while bulk traffic fills the path; see `measureTcpUnderLoad`.
 *
 * @returns The result of the probes; `measured.under_load` has the phases.
 * @throws {EchosounderError} What `measureUdp` throws, and what the bulk traffic
 * does.
 *
 * @example
 * ```ts
 * import { measureUdpUnderLoad, serveTcp, serveUdp, tcpLoads } from "./mod.ts";
 *
 * const hostname = "127.0.0.1";
 * await using server = serveUdp({ hostname, port: 0 });
 * await using bulk = serveTcp({ hostname, port: 0 });
 * const { measured } = await measureUdpUnderLoad({
 *   hostname,
 *   port: server.addr.port,
 *   size: 64,
 *   bulk: "TCP",
 *   loads: tcpLoads({ hostname, port: bulk.addr.port }),
 *   quiet: 500,
 *   longestPhase: 1000,
 * });
 * console.log(measured.under_load?.responsiveness);
 * ```
 */
export async function measureUdpUnderLoad(
  options: MeasureUdpUnderLoadOptions,
): Promise<MeasureResult> {
  checkOptions(options, {
    ...TARGET_KINDS,
    ...UNDER_LOAD_KINDS,
    retryFor: unlimited(time),
    reportEvery: time,
  });
  checkSize(options.size, 0);
  const { connections: _, expectations: __, ...probing } = options;
  return await measureUnderLoad({
    ...options,
    // Probes over UDP bring no event of connections.
    onEvent: options.onEvent as UnderLoadObserver | undefined,
    probe: (more) => measureUdp({ ...probing, ...more }),
  });
}
