/**
 * Delay under load over TCP, and the bulk traffic over TCP for any probes.
 *
 * @module
 */
import type { MetricExpectation } from "../../measure/expectations.ts";
import type { LoadRun } from "../../measure/load.ts";
import type { MeasuredPayload } from "../../measure/messages.ts";
import type { MeasureOptions } from "../../measure/run.ts";
import {
  LOAD_CONNECTIONS,
  type Loads,
  measureUnderLoad,
  UNDER_LOAD_KINDS,
  type UnderLoadObserver,
  type UnderLoadOptions,
} from "../../measure/under_load.ts";
import type { MeasureResult, Service } from "../../events/mod.ts";
import { checkOptions, time, whole } from "../../net/options.ts";
import { CONNECT_TCP_KINDS, type ConnectTcpOptions } from "./connect.ts";
import type { TcpClientOptions } from "./echo.ts";
import { measureTcp } from "./measure.ts";

/** Which bulk traffic over TCP there can be. */
export interface TcpLoadOptions extends
  Pick<
    ConnectTcpOptions,
    "hostname" | "port" | "family" | "bind" | "connectTimeout"
  > {
  /** The port of a discard server on the same host, for bulk traffic to it. */
  discardPort?: number;
  /** The port of a character generator on the same host, for bulk traffic from it. */
  chargenPort?: number;
  /** Connections each way. @default {4} */
  connections?: number;
}

/** Options of {@linkcode measureTcpUnderLoad}. */
export interface MeasureTcpUnderLoadOptions
  extends
    TcpClientOptions,
    TcpLoadOptions,
    UnderLoadOptions,
    Pick<MeasureOptions, "reportEvery" | "label" | "sourceLabel" | "onRun"> {
  /** The content of each probe, one byte or more. */
  payload: MeasuredPayload;
  /** Conditions that the result must meet. */
  expectations?: readonly MetricExpectation[];
}

/**
 * The size of a bulk message, and of those to an echo server how many are in flight
 * on a connection: more than queues and sockets hold, and not much more, as all of
 * it must come back at the end of a phase.
 */
const BULK_SIZE = 65_536;
const BULK_PIPELINE = 16;

/** Milliseconds: where a path is full, a connection may get nothing for a while. */
const BULK_TIMEOUT = 30_000;

/**
 * Bulk traffic over TCP: out to a discard server, back from a character generator,
 * and both at once to both, or to the echo server where one of them is missing.
 */
export function tcpLoads(options: TcpLoadOptions): Loads {
  const { hostname, family, connectTimeout, bind } = options;
  const { discardPort, chargenPort, connections = LOAD_CONNECTIONS } = options;
  const to = (service: Service, port: number | undefined): LoadRun => (more) =>
    measureTcp({
      hostname,
      port,
      family,
      connectTimeout,
      // Each connection needs a port of its own.
      bind: bind && { hostname: bind.hostname },
      service,
      connections,
      payload: { size: BULK_SIZE },
      pipeline: service === "echo" ? BULK_PIPELINE : undefined,
      timeout: BULK_TIMEOUT,
      ...more,
    });
  const out = discardPort === undefined
    ? undefined
    : [to("discard", discardPort)];
  const back = chargenPort === undefined
    ? undefined
    : [to("chargen", chargenPort)];
  const both = out && back ? [...out, ...back] : [to("echo", options.port)];
  return { out, back, both };
}

/**
 * Measures how much the round-trip delay grows while the path is full: probes go to
 * an echo server at a gentle rate on a connection of their own, first while the
 * path is quiet, then beside bulk traffic over other connections. A phase with bulk
 * traffic ends when moving averages of its speed and then of the responsiveness
 * have settled (draft-ietf-ippm-responsiveness), or after its longest time.
 *
 * With an echo server alone, there is bulk traffic both ways at once only, at the
 * speed of the slower way.
 *
 * @returns The result of the probes; `measured.under_load` has the phases.
 * @throws {EchosounderError} `invalid-option` for a wrong value;
 * `cannot-resolve`, `cannot-connect` or `stopped`, also for the bulk traffic.
 *
 * @example
 * ```ts
 * import { measureTcpUnderLoad, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const { measured } = await measureTcpUnderLoad({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   payload: { size: 64 },
 *   quiet: 500,
 *   longestPhase: 1000,
 * });
 * console.log(measured.under_load?.responsiveness);
 * ```
 */
export async function measureTcpUnderLoad(
  options: MeasureTcpUnderLoadOptions,
): Promise<MeasureResult> {
  checkOptions(options, {
    ...CONNECT_TCP_KINDS,
    ...UNDER_LOAD_KINDS,
    timeout: time,
    reportEvery: time,
    discardPort: whole(1, 65_535),
    chargenPort: whole(1, 65_535),
  });
  const { connections: _, expectations: __, ...probing } = options;
  return await measureUnderLoad({
    ...options,
    // Probes over TCP bring no event of datagrams.
    onEvent: options.onEvent as UnderLoadObserver | undefined,
    bulk: "TCP",
    loads: tcpLoads(options),
    probe: (more) => measureTcp({ ...probing, ...more }),
  });
}
