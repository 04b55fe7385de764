/**
 * Running a measurement over TCP, and judging it: whole, or in parts.
 *
 * @module
 */
import type { MeasureOptions } from "../../measure/run.ts";
import type { Service } from "../../events/mod.ts";
import type { MeasuredPayload } from "../../measure/messages.ts";
import {
  excusesLoss,
  expects,
  type MetricExpectation,
  verdict,
} from "../../measure/expectations.ts";
import type { Flow, FlowContext } from "../../measure/flow.ts";
import { Messages, sizeOf } from "../../measure/messages.ts";
import { checkSize, randomWord, seeded } from "../../measure/sizes.ts";
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
import { close } from "../../net/close.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import type { Failure, MeasureResult } from "../../events/mod.ts";
import { checkOptions, time } from "../../net/options.ts";
import { plural } from "../../text/format.ts";
import type { TcpClientOptions } from "./echo.ts";
import { CONNECT_TCP_KINDS, connectTcp } from "./connect.ts";
import { EchoStream } from "./echo_stream.ts";
import { reconnectTcp } from "./reconnect.ts";
import { ChargenStream, DiscardStream } from "./one_way.ts";
import type { Connection } from "./connection.ts";

/** Options of `measureTcp`. */
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
 * Measures, without a result.
 *
 * @param part What it is a part of, if it is one of several.
 * @throws {EchosounderError} As `measureTcp` throws.
 */
export async function runTcp(
  options: MeasureTcpOptions,
  part?: PartOfRun,
): Promise<Outcome> {
  const { service = "echo", onEvent } = options;
  const { timeout = DEFAULT_TIMEOUT, connections = 1 } = options;
  checkOptions(options, {
    ...CONNECT_TCP_KINDS,
    ...MEASURE_KINDS,
    timeout: time,
  });
  checkSchedule(options);
  // An empty message has no echo.
  checkSize(
    sizeOf(options.payload),
    service === "chargen" ? 0 : 1,
    "size of the payload",
  );
  const size = seeded(sizeOf(options.payload));
  const payload = options.payload instanceof Uint8Array
    ? options.payload
    : { size };
  const isProbing = service === "echo" && Boolean(options.interval);
  const { stream, firstFlow } = part ?? { stream: randomWord(), firstFlow: 0 };
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
        messages: new Messages(
          payload,
          stream + firstFlow + index,
          firstFlow + index,
        ),
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
  return await measure(makeFlows, options, {
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
    part,
    onEvent,
  });
}

/** Judges what was measured; emits the result. */
export async function concludeTcp(
  options: MeasureTcpOptions,
  { figures, failures, wasEnded }: Outcome,
): Promise<MeasureResult> {
  const { connections = 1, expectations = [], onEvent } = options;
  if (failures.length === 0) await onEvent?.({ event: "closed" });
  const failure =
    judge(failures, connections, expects(expectations, "errors")) ??
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
  failures: readonly Failure[],
  flows: number,
  errorsAreExpected: boolean,
): Failure | undefined {
  const [first] = failures;
  if (flows === 1 || first === undefined) return first;
  // A wrong byte comes first; in a stopped run, the stop explains the rest.
  const worst = failures.find(({ code }) => code === "difference") ??
    failures.find(({ code }) => code === "stopped") ?? first;
  if (worst.code === "stopped") return worst;
  const excused = errorsAreExpected && worst.code !== "difference" &&
    failures.length < flows;
  if (excused) return undefined;
  return {
    ...worst,
    message: `${failures.length} of ${
      plural(flows, "connection")
    } failed, one because: ${worst.message}`,
  };
}
