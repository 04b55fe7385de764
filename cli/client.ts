/**
 * What both client programs share: reading their options, and running.
 *
 * @module
 */
import type { ResultEvent, Transport } from "../events/mod.ts";
import { formatAddress } from "../net/address.ts";
import type { AddressFamily } from "../net/resolve.ts";
import type { Payload } from "../measure/messages.ts";
import type { MeasureOptions } from "../measure/run.ts";
import { DONE } from "./exit_codes.ts";
import { checkMetrics } from "./command_line/expectation.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { RunFailed, type Session } from "./program.ts";
import {
  type ClientValues,
  measureOptions,
  type MeasuringValues,
  type TCP_CLIENT,
  type UDP_CLIENT,
} from "./roles.ts";
import { onStopSignal } from "./signals.ts";
import { target, UsageError } from "./command_line/values.ts";

/** A client's command line. */
export type ClientLine =
  | CommandLine<typeof TCP_CLIENT.options>
  | CommandLine<typeof UDP_CLIENT.options>;

/** What both clients are to send, where, and how. */
export interface Order extends MeasureOptions {
  hostname: string;
  port: number;
  family: AddressFamily | undefined;
  payload: Payload;
  timeout: number;
}

/** The names of the options that say how to measure, the same for both clients. */
const MEASURING = Object.keys(
  measureOptions("TCP"),
) as (keyof MeasuringValues)[];

/** The default message of a one-shot client, that of the Winsock example programs. */
const ONE_SHOT_MESSAGE = "this is a test";

/** The default size of a measuring client's messages. */
const MEASURED_SIZE = 64;

/** The same for a stream one way: large, so that few sends fill the path. */
const ONE_WAY_SIZE = 256 * 1024;

/** The measuring options of a command line, as the library takes them. */
function measuringOf(options: ClientValues): MeasuringValues {
  return Object.fromEntries(
    MEASURING.map((name) => [name, options[name]]),
  ) as MeasuringValues;
}

/** Whether any of the measuring options was given. */
export function isMeasuring(options: ClientValues): boolean {
  return Object.values(measuringOf(options)).some((given) =>
    given !== undefined
  );
}

/** Whether each message is printed: at a pace that an eye can follow, or for debugging. */
export function printsMessages(options: ClientValues): boolean {
  return options.interval !== undefined || options["log-level"] === "debug";
}

/**
 * Reads the target and what to send.
 *
 * @throws {UsageError} Where options and arguments exclude each other.
 */
export function readOrder(
  transport: Transport,
  { options, given, positionals }: ClientLine,
): Order {
  const [host, ...others] = positionals;
  if (host === undefined) {
    throw new UsageError("the target is missing: HOST or HOST:PORT");
  }
  const { hostname, port } = target(host);
  if (others.length > 0) throw unexpected(hostname, others);
  if (options.message !== undefined && options.size !== undefined) {
    throw new UsageError(
      "--message and --size exclude each other: each says what to send",
    );
  }
  if (options.ipv4 && options.ipv6) {
    throw new UsageError(
      "-4 and -6 exclude each other: without either, both are tried",
    );
  }
  if (isMeasuring(options)) checkMeasuring(transport, options);
  else if (options.expect.length > 0) {
    throw new UsageError(
      "--expect needs something to measure: --count, --duration or --rate",
    );
  }
  if (port !== undefined && given.has("port") && port !== options.port) {
    throw new UsageError(
      `two ports: ${port} in "${host}", and --port ${options.port}`,
    );
  }
  return {
    hostname,
    port: port ?? options.port,
    family: options.ipv4 ? 4 : options.ipv6 ? 6 : undefined,
    payload: readPayload(transport, options),
    timeout: options.timeout,
    ...measuringOf(options),
    expectations: options.expect,
    detail: printsMessages(options),
  };
}

/**
 * What is wrong with arguments after the host: a number was meant as a port, as
 * for ncat; another word as a further host, as for fping, or as a text.
 */
function unexpected(hostname: string, others: string[]): UsageError {
  const [first] = others;
  if (/^\d+$/.test(first) && Number(first) > 0 && Number(first) <= 65_535) {
    return new UsageError(
      `a port goes with its host: write ${
        formatAddress(hostname, Number(first))
      } or --port ${first}`,
    );
  }
  const text = others.join(" ");
  return new UsageError(
    `unexpected argument "${first}": one HOST at a time; a text to send goes with --message${
      text.startsWith("-") ? "=" : " "
    }"${text}"`,
  );
}

/** Checks that the measuring options do not exclude each other. */
function checkMeasuring(
  transport: Transport,
  options: ClientValues,
): void {
  const { service = "echo", count, connections } = options;
  const exclude = (one: string, other: string, why: string) => {
    throw new UsageError(`${one} and ${other} exclude each other: ${why}`);
  };
  const given = (...names: (keyof ClientValues)[]) =>
    names.find((name) => options[name] !== undefined);
  if (given("interval")) {
    const other = given("rate", "pipeline");
    if (other === "rate") {
      exclude("--interval", "--rate", "each says when the next message is due");
    } else if (other) {
      exclude(
        "--interval",
        "--pipeline",
        "with --interval, each message waits for the one before",
      );
    }
  }
  if (count !== undefined && connections !== undefined && count < connections) {
    throw new UsageError(
      `--count ${count} leaves some of --connections ${connections} without a message`,
    );
  }
  if (service !== "echo" && service !== "stamp" && given("pipeline")) {
    exclude(
      `--service ${service}`,
      "--pipeline",
      "no message waits for an answer",
    );
  }
  if (transport === "TCP" && service === "chargen") {
    const other = given("message", "size", "count", "interval", "rate");
    if (other) {
      exclude(
        "--service chargen",
        `--${other}`,
        "nothing is sent, so --duration says how much",
      );
    }
  }
  if (transport === "UDP" && options.message !== undefined) {
    throw new UsageError(
      "--message cannot be used to measure: equal datagrams cannot be told apart; use --size",
    );
  }
  checkMetrics(options.expect, transport, service);
  const ofFlows = options.expect.find(({ metric }) =>
    metric.startsWith("flow")
  );
  if (ofFlows !== undefined && (connections ?? 1) < 2) {
    throw new UsageError(
      `--expect: ${ofFlows.metric} compares connections: use --connections`,
    );
  }
}

function readPayload(
  transport: Transport,
  options: ClientValues,
): Payload {
  const { message, size } = options;
  if (size !== undefined) return { size };
  if (message === undefined && isMeasuring(options)) {
    const { service = "echo" } = options;
    const isStream = transport === "TCP" && service !== "echo";
    return { size: isStream ? ONE_WAY_SIZE : MEASURED_SIZE };
  }
  return new TextEncoder().encode(message ?? ONE_SHOT_MESSAGE);
}

/**
 * Runs a client until it is done or stopped.
 *
 * @throws {RunFailed} Where the run did not pass.
 */
export async function runClient(
  session: Session,
  run: (signal: AbortSignal) => Promise<ResultEvent>,
): Promise<number> {
  const stopped = new AbortController();
  onStopSignal(() => stopped.abort());
  const { failure } = await run(
    AbortSignal.any([stopped.signal, session.outputClosed]),
  );
  if (failure !== undefined) throw new RunFailed(failure);
  return DONE;
}
