/**
 * What both client programs are to send, and how, by their options.
 *
 * @module
 */
import type { Transport } from "../events/mod.ts";
import type { LocalAddress } from "../net/address.ts";
import type { AddressFamily } from "../net/resolve.ts";
import { METRICS } from "../measure/metrics.ts";
import type { Payload } from "../measure/messages.ts";
import type { MeasureOptions } from "../measure/run.ts";
import { MEASURED_SIZE, ONE_SHOT_MESSAGE, ONE_WAY_SIZE } from "./defaults.ts";
import { checkMetrics } from "./command_line/expectation.ts";
import type { CommandLine } from "./command_line/parse.ts";
import {
  type ClientValues,
  measureOptions,
  type MeasuringValues,
  type TCP_CLIENT,
  type UDP_CLIENT,
} from "./roles.ts";
import { UsageError } from "./command_line/values.ts";
import { checkUnderLoad } from "./under_load.ts";

/** A client's command line. */
export type ClientLine =
  | CommandLine<typeof TCP_CLIENT.options>
  | CommandLine<typeof UDP_CLIENT.options>;

/** What both clients are to send, and how. */
export interface Order extends MeasureOptions {
  family: AddressFamily | undefined;
  bind: LocalAddress | undefined;
  payload: Payload;
  timeout: number;
}

/** The names of the options that say how to measure, the same for both clients. */
const MEASURING = Object.keys(
  measureOptions("TCP"),
) as (keyof MeasuringValues)[];

/** The measuring options of a command line, as the library takes them. */
function measuringOf(options: ClientValues): MeasuringValues {
  return Object.fromEntries(
    MEASURING.map((name) => [name, options[name]]),
  ) as MeasuringValues;
}

/** Whether any of the measuring options was given. */
export function isMeasuring(options: ClientValues): boolean {
  return options["under-load"] ||
    Object.values(measuringOf(options)).some((given) => given !== undefined);
}

/** Whether each message is printed: at a pace that an eye can follow, or for debugging. */
export function printsMessages(options: ClientValues): boolean {
  return options.interval !== undefined || options["log-level"] === "debug";
}

/**
 * Reads what to send, and how.
 *
 * @throws {UsageError} Where options and arguments exclude each other.
 */
export function readOrder(
  transport: Transport,
  { options, positionals }: ClientLine,
): Order {
  if (options.message !== undefined && options.size !== undefined) {
    throw new UsageError(
      "--message and --size exclude each other: each says what to send",
    );
  }
  if (isMeasuring(options)) checkMeasuring(transport, options);
  else if (options.expect.length > 0) {
    throw new UsageError(
      "--expect needs something to measure: --count, --duration or --rate",
    );
  } else checkUnderLoad(transport, options);
  const hasSeveral = options.targets !== undefined || positionals.length > 1;
  if (options["under-load"] && hasSeveral) {
    throw new UsageError(
      "--under-load fills the path to one target: several would load each other",
    );
  }
  return {
    family: readFamily(options),
    bind: options.bind,
    payload: readPayload(transport, options),
    timeout: options.timeout,
    ...measuringOf(options),
    reportEvery: options["report-every"],
    sourceLabel: options["source-label"],
    expectations: options.expect,
    detail: printsMessages(options),
  };
}

/** Checks that the measuring options do not exclude each other. */
function checkMeasuring(
  transport: Transport,
  options: ClientValues,
): void {
  const { service = "echo", count, connections } = options;
  checkUnderLoad(transport, options);
  const exclude = (one: string, other: string, why: string) => {
    throw new UsageError(`${one} and ${other} exclude each other: ${why}`);
  };
  const given = (...names: (keyof ClientValues)[]) =>
    names.find((name) => options[name] !== undefined);
  if (given("interval")) {
    if (given("rate")) {
      exclude("--interval", "--rate", "each says when the next message is due");
    }
  }
  if (options.bind?.port && (connections ?? 1) > 1) {
    exclude(
      "--bind with a port",
      "--connections",
      "each needs a port of its own",
    );
  }
  if (count !== undefined && connections !== undefined && count < connections) {
    throw new UsageError(
      `--count ${count} leaves some of --connections ${connections} without a message`,
    );
  }
  if (service !== "echo" && given("pipeline")) {
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
  const lossy = options.expect.find(({ metric }) => METRICS[metric].isLoss);
  if (transport === "TCP" && lossy && options.interval === undefined) {
    throw new UsageError(
      `--expect: over TCP, ${lossy.metric} needs --interval: only then is a broken connection replaced`,
    );
  }
}

/** The only address family to use, where an option says which. */
function readFamily(
  { ipv4, ipv6, bind }: ClientValues,
): AddressFamily | undefined {
  if (ipv4 && ipv6) {
    throw new UsageError(
      "-4 and -6 exclude each other: without either, both are tried",
    );
  }
  const bound = bind && (bind.hostname.includes(":") ? 6 : 4);
  const asked = ipv4 ? 4 : ipv6 ? 6 : bound;
  if (bound !== undefined && asked !== bound) {
    throw new UsageError(
      `-${asked} and --bind ${
        bind!.hostname
      } exclude each other: that is IPv${bound}`,
    );
  }
  return asked;
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
