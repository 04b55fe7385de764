/**
 * Measuring over TCP.
 *
 * @module
 */
import {
  excusesLoss,
  expects,
  type MetricExpectation,
  verdict,
} from "../../measure/expectations.ts";
import type { Flow, FlowContext } from "../../measure/flow.ts";
import {
  type MeasuredPayload,
  Messages,
  sizeOf,
} from "../../measure/messages.ts";
import { checkSize, randomWord, seeded } from "../../measure/sizes.ts";
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
import { close } from "../../net/close.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import type { Failure, MeasureResult, Service } from "../../events/mod.ts";
import { checkOptions, time } from "../../net/options.ts";
import { plural } from "../../text/format.ts";
import type { TcpClientOptions } from "./echo.ts";
import { CONNECT_TCP_KINDS, connectTcp } from "./connect.ts";
import { EchoStream } from "./echo_stream.ts";
import { reconnectTcp } from "./reconnect.ts";
import { ChargenStream, DiscardStream } from "./one_way.ts";
import type { Connection } from "./connection.ts";

/** Options of {@linkcode measureTcp}. */
export interface MeasureTcpOptions extends TcpClientOptions, MeasureOptions {
  /** The content of the messages, one byte or more; not used with `chargen`. */
  payload: MeasuredPayload;
  /** What the peer does with what it receives. @default {"echo"} */
  service?: Service;
  /** Ends the run early, also while it connects. */
  signal?: AbortSignal;
}

/** Connections attempted at the same time. */
const CONNECTING = 64;

const STREAMS = {
  echo: EchoStream,
  discard: DiscardStream,
  chargen: ChargenStream,
};

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
  const { service = "echo", expectations = [], onEvent } = options;
  const { timeout = DEFAULT_TIMEOUT, connections = 1 } = options;
  checkOptions(options, {
    ...CONNECT_TCP_KINDS,
    ...MEASURE_KINDS,
    timeout: time,
  });
  checkSchedule(options);
  // An empty message has no echo.
  checkSize(sizeOf(options.payload), service === "chargen" ? 0 : 1);
  const size = seeded(sizeOf(options.payload));
  const payload = options.payload instanceof Uint8Array
    ? options.payload
    : { size };
  const isProbing = service === "echo" && Boolean(options.interval);
  const stream = randomWord();
  // Prepared first, so that no connection has to wait for it.
  const prepared = await prepare(options);
  const conns = await connectAll(options, connections);
  const { hostname, port } = conns[0].remoteAddr;
  let flows: readonly Flow[] = [];
  const reconnects = () =>
    flows.reduce((sum, flow) => sum + (flow as EchoStream).reconnects, 0);
  const makeFlows = (context: FlowContext) =>
    flows = conns.map((conn, index) =>
      new STREAMS[service](conn, {
        messages: new Messages(payload, stream + index, index),
        pipeline: pipelineOf(options),
        timeout,
        ...context,
        index,
        onEvent: options.detail
          ? observerOf(index, connections, onEvent)
          : undefined,
        reconnect: isProbing
          ? {
            connect: (signal) =>
              reconnectTcp({ ...options, interval: options.interval!, signal }),
            onEvent: observerOf(index, connections, onEvent),
          }
          : undefined,
      })
    );
  const { figures, wasEnded } = await measure(makeFlows, options, {
    target: {
      target: options.hostname,
      peer_host: hostname,
      peer_port: port,
    },
    ports: conns.map(({ localAddr }) => localAddr.port),
    size,
    timeout,
    isDatagrams: false,
    knowsLoss: isProbing,
    prepared,
    figures: (tally) => ({
      errors: flows.filter(({ failure }) =>
        failure !== undefined && failure.code !== "stopped"
      ).length,
      ...isProbing ? { lost: tally.lost, reconnects: reconnects() } : undefined,
    }),
    onEvent,
  });
  if (flows.every(({ failure }) => failure === undefined)) {
    await onEvent?.({ event: "closed" });
  }
  const failure = judge(flows, expects(expectations, "errors")) ??
    nothingMeasured(figures, wasEnded) ??
    judgeLosses(figures, expectations);
  const result: MeasureResult = {
    event: "result",
    ...verdict(figures, failure, expectations),
    ...figures,
  };
  await onEvent?.(result);
  return result;
}

/**
 * Makes the connections, some at a time; if one fails, all are closed again. Only
 * the first one emits events.
 */
async function connectAll(
  options: MeasureTcpOptions,
  count: number,
): Promise<Connection[]> {
  const conns: Connection[] = [];
  const connect = async (onEvent?: TcpClientOptions["onEvent"]) => {
    conns.push(await connectTcp({ ...options, onEvent }));
  };
  try {
    await connect(options.onEvent);
    while (conns.length < count) {
      const batch = Math.min(count - conns.length, CONNECTING);
      const made = await Promise.allSettled(
        Array.from({ length: batch }, () => connect()),
      );
      const refused = made.find(({ status }) => status === "rejected");
      if (refused !== undefined) {
        throw (refused as PromiseRejectedResult).reason;
      }
    }
    return conns;
  } catch (error) {
    conns.forEach(close);
    throw error;
  }
}

/** Why a run that goes on without its connections failed, by what was lost with them. */
function judgeLosses(
  { messages_sent: sent, messages_received, measured }: Pick<
    MeasureResult,
    "messages_sent" | "messages_received" | "measured"
  >,
  expectations: readonly MetricExpectation[],
): Failure | undefined {
  const { lost = 0, unsent = 0 } = measured;
  if (lost + unsent === 0) return undefined;
  const message = `${lost} of ${plural(sent, "message")} lost${
    unsent > 0 ? `, ${unsent} could not be sent` : ""
  }`;
  if (messages_received === 0) return { code: "no-answer", message };
  return excusesLoss(expectations) ? undefined : { code: "loss", message };
}

/** Why the run failed, by the failures of its connections. */
function judge(
  flows: readonly Flow[],
  errorsAreExpected: boolean,
): Failure | undefined {
  const failures = flows.flatMap(({ failure }) => failure ?? []);
  const [first] = failures;
  if (flows.length === 1 || first === undefined) return first;
  // A wrong byte comes first; in a stopped run, the stop explains the rest.
  const worst = failures.find(({ code }) => code === "difference") ??
    failures.find(({ code }) => code === "stopped") ?? first;
  if (worst.code === "stopped") return worst;
  const excused = errorsAreExpected && worst.code !== "difference" &&
    failures.length < flows.length;
  if (excused) return undefined;
  return {
    ...worst,
    message: `${failures.length} of ${
      plural(flows.length, "connection")
    } failed, one because: ${worst.message}`,
  };
}
