/**
 * Measuring over UDP.
 *
 * @module
 */
import { expects, verdict } from "../../measure/expectations.ts";
import { Messages, randomStream } from "../../measure/messages.ts";
import {
  measure,
  type MeasureOptions,
  pipelineOf,
  Preparation,
  tellerFor,
} from "../../measure/run.ts";
import { EchosounderError } from "../../net/errors.ts";
import type {
  Expectation,
  Failure,
  UdpMeasureResultEvent,
} from "../../events/mod.ts";
import { AskingSocket, SMALLEST_MEASURED } from "./probe_socket.ts";
import { echoUdp, type UdpClientOptions } from "./echo.ts";
import { findTarget, openSocket } from "./target.ts";

/** Options of {@linkcode measureUdp}. */
export interface MeasureUdpOptions extends UdpClientOptions, MeasureOptions {
  /**
   * The size of each datagram, in bytes: at least {@linkcode SMALLEST_MEASURED}
   * where its answer is compared.
   */
  size: number;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/**
 * Measures a path with datagrams from one or more sockets. Each carries its
 * socket's stream, a sequence number and the time of its sending, and a pattern
 * of its own, so that what comes back can be told apart: answered, lost (RFC
 * 6673), late, duplicated (RFC 5560), reordered (RFC 4737) or corrupted. Without
 * a rate the answers set the pace (closed loop); with one, each datagram has its
 * time whatever comes back, and its delay counts from that time (open loop).
 *
 * @returns What it came to, also where the check failed (`passed`, `failure`).
 * @throws {EchosounderError} `cannot-resolve`, `stopped` before anything was
 * sent, `cannot-listen` when the system gives no socket, and `invalid-option`
 * for more bytes than a datagram can carry, or too few to be told apart.
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
 * console.log(result.messages_received, result.lost);
 * ```
 */
export async function measureUdp(
  options: MeasureUdpOptions,
): Promise<UdpMeasureResultEvent> {
  const { size, service = "echo", expectations = [], onEvent } = options;
  const { timeout = 5000, connections = 1, retryFor = 0 } = options;
  if (service === "echo" && size < SMALLEST_MEASURED) {
    throw new EchosounderError(
      "invalid-option",
      `${size} bytes cannot be told apart: ${SMALLEST_MEASURED} is the smallest datagram to measure with`,
    );
  }
  const stream = randomStream();
  const prepared = await Preparation.make();
  const target = await findTarget(options, size);
  const unanswered = retryFor > 0 ? await awaitPeer(options) : undefined;
  const lanes = Array.from(
    { length: connections },
    (_, i) =>
      new AskingSocket(openSocket(target), {
        target,
        service,
        messages: new Messages({ size }, stream + i >>> 0),
        pipeline: pipelineOf(options),
        timeout,
        tell: options.detail ? tellerFor(i, connections, onEvent) : undefined,
      }),
  );
  if (unanswered) lanes.forEach((lane) => lane.fail(unanswered));
  const figures = await measure(lanes, options, {
    target: {
      target: options.hostname,
      peer_host: target.hostname,
      peer_port: target.port,
    },
    size,
    timeout,
    isDatagrams: true,
    prepared,
    tell: onEvent,
  });
  const sum = (read: (lane: AskingSocket) => number) =>
    lanes.reduce((total, lane) => total + read(lane), 0);
  const jitters = lanes.flatMap(({ jitter }) => jitter ?? []);
  const all = {
    ...figures,
    lost: figures.lost ?? 0,
    late: sum(({ late }) => late),
    duplicates: sum(({ duplicates }) => duplicates),
    corrupted: sum(({ corrupted }) => corrupted),
    reordered: sum(({ reordered }) => reordered),
    reordering_distance: Math.max(
      ...lanes.map(({ reorderingDistance }) => reorderingDistance),
    ),
    strays: sum(({ strays }) => strays),
    errors: sum(({ errors }) => errors),
    jitter_us: jitters.length === 0 ? undefined : Math.round(
      10 * jitters.reduce((total, each) => total + each) / jitters.length,
    ) / 10,
  };
  const failure = lanes[0].failure ?? judge(all, timeout, expectations, lanes);
  const result: UdpMeasureResultEvent = {
    event: "result",
    ...verdict(all, failure, expectations),
    ...all,
  };
  await onEvent?.(result);
  return result;
}

/**
 * Sends a datagram again and again until it is answered, or the time is over;
 * returns why it was not.
 */
async function awaitPeer(
  options: MeasureUdpOptions,
): Promise<Failure | undefined> {
  const { onEvent } = options;
  const { failure } = await echoUdp({
    ...options,
    payload: { size: options.size },
    onEvent: (event) => event.event === "retry" ? onEvent?.(event) : undefined,
  });
  return failure;
}

function judge(
  figures: Pick<
    UdpMeasureResultEvent,
    "messages_sent" | "messages_received" | "lost" | "corrupted" | "errors"
  >,
  timeout: number,
  expectations: readonly Expectation[],
  lanes: readonly AskingSocket[],
): Failure | undefined {
  const { messages_sent: sent, lost, corrupted, errors } = figures;
  const lastError = lanes.find((lane) => lane.lastError)?.lastError;
  if (corrupted > 0) {
    return {
      code: "difference",
      message: `${corrupted} answers were not what was sent`,
    };
  }
  if (sent === 0 && errors > 0) {
    return { code: "failed", message: `cannot send: ${lastError}` };
  }
  if (lost > 0 && lost === sent) {
    return {
      code: "no-answer",
      message: `no answer for ${timeout} ms, ${lost} of ${sent} lost`,
    };
  }
  if (lost > 0 && !expects(expectations, "loss")) {
    return {
      code: "loss",
      message: `${lost} of ${sent} datagrams were not answered`,
    };
  }
  if (errors > 0 && !expects(expectations, "errors")) {
    return {
      code: "errors",
      message: `${errors} times the socket failed, the last time: ${lastError}`,
    };
  }
}
