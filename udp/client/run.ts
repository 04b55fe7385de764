/**
 * Running a measurement over UDP, and judging it: whole, or in parts.
 *
 * @module
 */
import type { MeasureOptions } from "../../measure/run.ts";
import type { UdpClientOptions } from "./echo.ts";
import type { MessageSize } from "../../measure/sizes.ts";
import {
  excusesLoss,
  expects,
  type MetricExpectation,
  verdict,
} from "../../measure/expectations.ts";
import { FEW_FLOWS, type FlowContext } from "../../measure/flow.ts";
import type { DirectionTally } from "../../measure/directions/directions.ts";
import { Messages, type Payload } from "../../measure/messages.ts";
import {
  checkSize,
  limitsOf,
  randomWord,
  seeded,
} from "../../measure/sizes.ts";
import {
  measure,
  MEASURE_KINDS,
  nothingMeasured,
  observerOf,
  type Outcome,
  type PartOfRun,
  pipelineOf,
  prepare,
} from "../../measure/run.ts";
import { checkSchedule } from "../../measure/schedule.ts";
import type { Tally } from "../../measure/tally.ts";
import { now } from "../../net/clock.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { EchosounderError } from "../../net/errors.ts";
import { checkOptions, oneOf, time, unlimited } from "../../net/options.ts";
import type {
  DatagramCounts,
  DatagramResult,
  Failure,
  MeasureResult,
  UdpService,
} from "../../events/mod.ts";
import { formatExactDuration, plural } from "../../text/format.ts";
import { STAMP_PORT } from "../defaults.ts";
import { Authentication } from "../stamp/authentication.ts";
import { WallClock } from "../stamp/wall_clock.ts";
import { SessionClock } from "./session_clock.ts";
import {
  isStampSize,
  smallestStampSize,
  StampSession,
} from "./stamp_session.ts";
import { ProbeSocket, SMALLEST_MEASURED } from "./probe_socket.ts";
import { echoUdp } from "./echo.ts";
import { findTarget, LAST_PORT, openSockets, TARGET_KINDS } from "./target.ts";

/** Options of `measureUdp` with the service `stamp`. */
export interface SessionSenderOptions {
  /** The key of authenticated mode, which the peer has, too; unauthenticated without one. */
  key?: Uint8Array;
  /**
   * Say that this machine's clock is synchronized to UTC (the S bit). Where the peer
   * says the same, and the clocks agree, delays each way are absolute.
   * @default {false}
   */
  clockSynchronized?: boolean;
}

/** Options of `measureUdp`. */
export interface MeasureUdpOptions extends UdpClientOptions, MeasureOptions {
  /**
   * The size of each datagram, in bytes, or the range from which each is drawn: at
   * least `SMALLEST_MEASURED` with `echo`. With `stamp` one size: 44, with
   * a key 112, or at least 4 more, which are Extra Padding (RFC 8972, section 4.1).
   */
  size: MessageSize;
  /** Options of the service `stamp`. */
  stamp?: SessionSenderOptions;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/**
 * Measures, without a result.
 *
 * @param part What it is a part of, if it is one of several.
 * @throws {EchosounderError} As `measureUdp` throws.
 */
export async function runUdp(
  options: MeasureUdpOptions,
  part?: PartOfRun,
): Promise<Outcome> {
  const { service = "echo", onEvent } = options;
  const { timeout = DEFAULT_TIMEOUT, connections = 1, retryFor = 0 } = options;
  const { sourcePort } = options;
  checkOptions(options, {
    ...TARGET_KINDS,
    ...MEASURE_KINDS,
    service: oneOf("echo", "discard", "chargen", "stamp"),
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
  if (sourcePort !== undefined && sourcePort + connections - 1 > LAST_PORT) {
    throw new EchosounderError(
      "invalid-option",
      `sourcePort: from ${sourcePort} on there are not ${connections} ports up to ${LAST_PORT}`,
    );
  }
  const { stream, firstFlow } = part ?? { stream: randomWord(), firstFlow: 0 };
  const prepared = await prepare(options);
  const target = await findTarget(
    { port: service === "stamp" ? STAMP_PORT : undefined, ...options },
    most,
  );
  const makeSession = service === "stamp"
    ? stampSessions(options, prepared.directions!)
    : undefined;
  const unanswered = retryFor > 0
    ? await awaitPeer(
      options,
      target.port,
      makeSession?.().make(1, 1, now()) ?? { size: least },
    )
    : undefined;
  const sockets = openSockets(target, options, connections);
  let flows: readonly ProbeSocket[] = [];
  const makeFlows = (context: FlowContext) => {
    flows = sockets.map(
      (socket, index) =>
        new ProbeSocket(socket, {
          target,
          service,
          session: makeSession?.(),
          messages: new Messages(
            { size },
            stream + firstFlow + index,
            firstFlow + index,
          ),
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
  return await measure(makeFlows, options, {
    target: {
      target: options.hostname,
      peer_host: target.hostname,
      peer_port: target.port,
    },
    ports: sockets.map(({ addr }) => (addr as Deno.NetAddr).port),
    localPort: sourcePort,
    size,
    timeout,
    isDatagrams: true,
    knowsLoss: service !== "discard",
    prepared,
    figures: (tally) => ({
      errors: tally.errors,
      datagrams: datagramsOf(tally, flows, service),
      // No answer of a character generator shows which message it is to.
      jitters: service === "chargen"
        ? undefined
        : flows.flatMap(({ jitter }) => jitter ?? []),
    }),
    part,
    onEvent,
  });
}

/** Judges what was measured; emits the result. */
export async function concludeUdp(
  options: MeasureUdpOptions,
  { figures, failures, lastError, wasEnded }: Outcome,
): Promise<MeasureResult & DatagramResult> {
  const { timeout = DEFAULT_TIMEOUT, service = "echo" } = options;
  const { expectations = [], onEvent } = options;
  const all = { ...figures, datagrams: figures.datagrams! };
  const failure = failures.at(0) ??
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
  service: UdpService,
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
    },
  };
}

/**
 * Checks the options of STAMP.
 *
 * @returns Makes the session of each flow.
 * @throws {EchosounderError} `invalid-option` for a size that no packet can have, a range, or an empty key.
 */
function stampSessions(
  options: MeasureUdpOptions,
  directions: DirectionTally,
): () => StampSession {
  const { key, clockSynchronized = false } = options.stamp ?? {};
  const { least, most: size } = limitsOf(options.size);
  if (least !== size) {
    throw new EchosounderError(
      "invalid-option",
      `the packets of STAMP have one size, not from ${least} to ${size} bytes`,
    );
  }
  if (!isStampSize(size, key !== undefined)) {
    const smallest = smallestStampSize(key !== undefined);
    throw new EchosounderError(
      "invalid-option",
      `a packet of STAMP cannot have ${size} bytes, but ${smallest}, or from ${
        smallest + 4
      } on`,
    );
  }
  const authentication = key && new Authentication(key);
  const clock = new SessionClock(
    new WallClock(() => directions.ownClockStepped(clockSynchronized)),
  );
  if (!clockSynchronized) directions.ownClockMoved = () => clock.moved;
  const first = crypto.getRandomValues(new Uint16Array(1))[0];
  let made = 0;
  return () =>
    new StampSession({
      size,
      // Any but 0, which stands for none.
      ssid: (first + made++) % 0xffff + 1,
      clock,
      clockSynchronized,
      authentication,
    });
}

/**
 * Resends a datagram until it is answered, or the time is over; returns why it was
 * not answered.
 */
async function awaitPeer(
  options: MeasureUdpOptions,
  port: number,
  payload: Payload,
): Promise<Failure | undefined> {
  const { onEvent } = options;
  const { failure } = await echoUdp({
    ...options,
    // A late answer to it would else reach the run's first socket.
    sourcePort: undefined,
    port,
    payload,
    onEvent: (event) => event.event === "retry" ? onEvent?.(event) : undefined,
  });
  // A reflection is an answer, though not what was sent.
  return failure?.code === "difference" ? undefined : failure;
}

function judge(
  figures: Pick<
    MeasureResult & DatagramResult,
    "messages_sent" | "measured" | "datagrams" | "directions"
  >,
  timeout: number,
  expectations: readonly MetricExpectation[],
  service: UdpService,
  lastError: string | undefined,
): Failure | undefined {
  const { messages_sent: sent, datagrams, directions, measured } = figures;
  const { errors } = measured;
  const { lost = 0, corrupted = 0 } = datagrams;
  if (corrupted > 0) {
    return {
      code: "difference",
      message: service === "chargen"
        ? `${
          plural(corrupted, "answer")
        } with more than the 512 bytes of RFC 864`
        : service === "stamp"
        ? `${
          plural(corrupted, "reply", "replies")
        } that no reflector would send to this: too short, with another timestamp, or with a wrong HMAC`
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
  // The flow that lost the most judges all of them, and both ways together are all
  // of the loss, where none is unknown.
  const isJudged = excusesLoss(expectations) ||
    expects(expectations, "flow.loss") ||
    expects(expectations, "loss.out") && expects(expectations, "loss.back") &&
      directions?.lost_unknown === 0;
  if (lost > 0 && !isJudged) {
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
