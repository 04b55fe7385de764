/**
 * Measuring over UDP.
 *
 * @module
 */
import {
  excusesLoss,
  expects,
  type MetricExpectation,
  verdict,
} from "../../measure/expectations.ts";
import { FEW_FLOWS, type FlowContext } from "../../measure/flow.ts";
import { Messages } from "../../measure/messages.ts";
import {
  checkSize,
  limitsOf,
  type MessageSize,
  randomWord,
  seeded,
} from "../../measure/sizes.ts";
import {
  measure,
  MEASURE_KINDS,
  type MeasureOptions,
  nothingMeasured,
  observerOf,
  pipelineOf,
  prepare,
} from "../../measure/run.ts";
import { checkSchedule } from "../../measure/schedule.ts";
import type { Tally } from "../../measure/tally.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { EchosounderError } from "../../net/errors.ts";
import { checkOptions, time, unlimited } from "../../net/options.ts";
import type {
  DatagramCounts,
  DatagramResult,
  Failure,
  MeasureResult,
  Service,
} from "../../events/mod.ts";
import { formatExactDuration, plural } from "../../text/format.ts";
import { ProbeSocket, SMALLEST_MEASURED } from "./probe_socket.ts";
import { echoUdp, type UdpClientOptions } from "./echo.ts";
import { findTarget, openSocket, TARGET_KINDS } from "./target.ts";

/** Options of {@linkcode measureUdp}. */
export interface MeasureUdpOptions extends UdpClientOptions, MeasureOptions {
  /**
   * The size of each datagram, in bytes, or the range from which each is drawn: at
   * least {@linkcode SMALLEST_MEASURED} with `echo`.
   */
  size: MessageSize;
  /** Ends the run early. */
  signal?: AbortSignal;
}

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
  const { service = "echo", expectations = [], onEvent } = options;
  const { timeout = DEFAULT_TIMEOUT, connections = 1, retryFor = 0 } = options;
  checkOptions(options, {
    ...TARGET_KINDS,
    ...MEASURE_KINDS,
    retryFor: unlimited(time),
  });
  checkSchedule(options);
  checkSize(options.size, 0);
  const size = seeded(options.size);
  const { least, most } = limitsOf(size);
  if (service === "echo" && least < SMALLEST_MEASURED) {
    throw new EchosounderError(
      "invalid-option",
      `${least} bytes cannot be told apart: ${SMALLEST_MEASURED} is the smallest datagram to measure with`,
    );
  }
  const stream = randomWord();
  const prepared = await prepare(options);
  const target = await findTarget(options, most);
  const unanswered = retryFor > 0 ? await awaitPeer(options) : undefined;
  let flows: readonly ProbeSocket[] = [];
  const makeFlows = (context: FlowContext) => {
    flows = Array.from(
      { length: connections },
      (_, index) =>
        new ProbeSocket(openSocket(target, options.bind), {
          target,
          service,
          messages: new Messages({ size }, stream + index, index),
          pipeline: pipelineOf(options),
          timeout,
          ...context,
          index,
          isOneOfMany: connections > FEW_FLOWS,
          onEvent: options.detail
            ? observerOf(index, connections, onEvent)
            : undefined,
        }),
    );
    if (unanswered) flows.forEach((flow) => flow.fail(unanswered));
    return flows;
  };
  const { figures, lastError, wasEnded } = await measure(makeFlows, options, {
    target: {
      target: options.hostname,
      peer_host: target.hostname,
      peer_port: target.port,
    },
    size,
    timeout,
    isDatagrams: true,
    knowsLoss: service !== "discard",
    prepared,
    figures: (tally) => ({
      errors: tally.errors,
      datagrams: datagramsOf(tally, flows, service),
    }),
    onEvent,
  });
  const all = { ...figures, datagrams: figures.datagrams! };
  const failure = flows.find(({ failure }) => failure)?.failure ??
    nothingMeasured(figures, wasEnded) ??
    judge(all, timeout, expectations, service, lastError);
  const result = {
    event: "result" as const,
    ...verdict(all, failure, expectations),
    ...all,
  };
  await onEvent?.(result);
  return result;
}

/** What became of the datagrams of a run. */
function datagramsOf(
  tally: Tally,
  flows: readonly ProbeSocket[],
  service: Service,
): DatagramCounts {
  const { lost, corrupted, strays, ...order } = tally.datagrams();
  const mayBeLate = flows.some(({ unanswered }) => unanswered > 0);
  return {
    lost,
    corrupted,
    strays,
    // No answer of a character generator shows which message it is to.
    ...service === "chargen" ? undefined : {
      ...order,
      late_is_lower_bound: mayBeLate ? true : undefined,
      jitter_us: mean(flows.flatMap(({ jitter }) => jitter ?? [])),
    },
  };
}

/** The mean, to a tenth; `undefined` of nothing. */
function mean(numbers: number[]): number | undefined {
  if (numbers.length === 0) return undefined;
  const sum = numbers.reduce((total, each) => total + each);
  return Math.round(10 * sum / numbers.length) / 10;
}

/**
 * Resends a datagram until it is answered, or the time is over; returns why it was
 * not answered.
 */
async function awaitPeer(
  options: MeasureUdpOptions,
): Promise<Failure | undefined> {
  const { onEvent } = options;
  const { failure } = await echoUdp({
    ...options,
    payload: { size: limitsOf(options.size).least },
    onEvent: (event) => event.event === "retry" ? onEvent?.(event) : undefined,
  });
  return failure;
}

function judge(
  figures: Pick<
    MeasureResult & DatagramResult,
    "messages_sent" | "measured" | "datagrams"
  >,
  timeout: number,
  expectations: readonly MetricExpectation[],
  service: Service,
  lastError: string | undefined,
): Failure | undefined {
  const { messages_sent: sent, datagrams, measured: { errors } } = figures;
  const { lost = 0, corrupted = 0 } = datagrams;
  if (corrupted > 0) {
    return {
      code: "difference",
      message: service === "chargen"
        ? `${
          plural(corrupted, "answer")
        } with more than the 512 bytes of RFC 864`
        : `${corrupted} of ${plural(sent, "answer")} not what was sent`,
    };
  }
  if (sent === 0 && errors > 0) {
    return { code: "failed", message: `cannot send: ${lastError}` };
  }
  if (lost > 0 && lost === sent) {
    return {
      code: "no-answer",
      message: `no answer for ${
        formatExactDuration(timeout * 1000)
      }, ${lost} of ${sent} lost`,
    };
  }
  if (lost > 0 && !excusesLoss(expectations)) {
    return {
      code: "loss",
      message: `${lost} of ${plural(sent, "datagram")} not answered`,
    };
  }
  if (errors > 0 && !expects(expectations, "errors")) {
    return {
      code: "errors",
      message: `${
        plural(errors, "failure")
      } of sockets, the last one: ${lastError}`,
    };
  }
}
