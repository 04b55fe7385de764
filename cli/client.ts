/**
 * What both client programs are to send, and how, by their options.
 *
 * @module
 */
import type { Probe, Transport } from "../events/mod.ts";
import type { LocalAddress } from "../net/address.ts";
import type { AddressFamily } from "../net/resolve.ts";
import { METRICS } from "../measure/metrics.ts";
import type { MeasuredPayload } from "../measure/messages.ts";
import type { MeasureOptions } from "../measure/run.ts";
import {
  MEASURED_SIZE,
  ONE_SHOT_MESSAGE,
  ONE_WAY_SIZE,
  PACED_SIZES,
} from "./defaults.ts";
import { exclude } from "./command_line/combinations.ts";
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
import { checkClientWorkers } from "./workers.ts";

/** A client's command line. */
export type ClientLine =
  | CommandLine<typeof TCP_CLIENT.options>
  | CommandLine<typeof UDP_CLIENT.options>;

/** What both clients are to send, and how. */
export interface Order extends MeasureOptions {
  family: AddressFamily | undefined;
  bind: LocalAddress | undefined;
  /** What to send, one after the other where there are several. */
  payloads: MeasuredPayload[];
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
 * @param probe What is asked of the peer.
 * @throws {UsageError} Where options and arguments exclude each other.
 */
export function readOrder(
  transport: Transport,
  line: ClientLine,
  probe: Probe = line.options.service ?? "echo",
): Order {
  const { options, positionals } = line;
  if (options.message !== undefined && options.size !== undefined) {
    exclude("--message", "--size", "each says what to send");
  }
  checkSizes(options);
  checkUnderLoad(transport, options);
  const hasSeveral = options.targets !== undefined || positionals.length > 1;
  if (options["under-load"] && hasSeveral) {
    throw new UsageError(
      "--under-load fills the path to one target: several would load each other",
    );
  }
  if (probe !== "stamp") checkSweep(options);
  checkClientWorkers(line, probe, isMeasuring(options));
  const isTest = probe === "connect" || probe === "idle";
  if (isMeasuring(options) || isTest) {
    checkMeasuring(transport, options, probe);
  } else {
    const idle = options.expect.length > 0
      ? "expect"
      : options.metrics && "metrics";
    if (idle) {
      throw new UsageError(
        `--${idle} needs something to measure: --count, --duration or --rate`,
      );
    }
  }
  return {
    family: readFamily(options),
    bind: options.bind,
    payloads: readPayloads(transport, options),
    timeout: options.timeout,
    ...measuringOf(options),
    reportEvery: options["report-every"],
    sourceLabel: options["source-label"],
    expectations: options.expect,
    detail: printsMessages(options),
  };
}

/** Checks that there is something to draw, and that several sizes are measured. */
function checkSizes(options: ClientValues): void {
  const { size, seed } = options;
  const isDrawn = size !== undefined && !("each" in size);
  if (seed !== undefined && !isDrawn) {
    throw new UsageError("--seed needs sizes to draw: --size 64..1472");
  }
  if ((isDrawn || isSweep(options)) && !isMeasuring(options)) {
    throw new UsageError(
      "several sizes need something to measure: --count, --duration or --rate",
    );
  }
}

/** Whether one size is measured after the other. */
function isSweep({ size }: ClientValues): boolean {
  return size !== undefined && "each" in size && size.each.length > 1;
}

/** Checks that each of several sizes has an end. */
export function checkSweep(options: ClientValues): void {
  const { count, duration } = options;
  if (isSweep(options) && count === undefined && duration === undefined) {
    throw new UsageError(
      "--size with a list needs --count or --duration: so much of each size",
    );
  }
}

/** Checks that the measuring options do not exclude each other. */
function checkMeasuring(
  transport: Transport,
  options: ClientValues,
  probe: Probe,
): void {
  const { service = "echo", count, connections } = options;
  const given = (...names: (keyof ClientValues)[]) =>
    names.find((name) => options[name] !== undefined);
  const [clock, other] = (["interval", "rate", "bandwidth"] as const)
    .filter((name) => options[name] !== undefined);
  if (other !== undefined) {
    exclude(
      `--${clock}`,
      `--${other}`,
      "each says when the next message is due",
    );
  }
  checkBurst(options, clock);
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
  if (service !== "echo" && service !== "stamp" && given("pipeline")) {
    exclude(
      `--service ${service}`,
      "--pipeline",
      "no message waits for an answer",
    );
  }
  if (transport === "TCP" && service === "chargen") {
    const other = given(
      "message",
      "size",
      "count",
      "interval",
      "rate",
      "bandwidth",
    );
    if (other) {
      exclude(
        "--service chargen",
        `--${other}`,
        "nothing is sent, so --duration says how much",
      );
    }
  }
  if (transport === "UDP" && service === "chargen" && given("bandwidth")) {
    exclude(
      "--service chargen",
      "--bandwidth",
      "the peer chooses the size of its answers; use --rate",
    );
  }
  if (transport === "UDP" && options.message !== undefined) {
    throw new UsageError(
      "--message cannot be used to measure: equal datagrams cannot be told apart; use --size",
    );
  }
  checkMetrics(options.expect, transport, probe);
  const lossy = options.expect.find(({ metric }) => METRICS[metric].isLoss);
  const needsInterval = transport === "TCP" && probe !== "connect";
  if (needsInterval && lossy && options.interval === undefined) {
    throw new UsageError(
      `--expect: over TCP, ${lossy.metric} needs --interval: only then is a broken connection replaced`,
    );
  }
  const ofFlows = options.expect.find(({ metric }) =>
    metric.startsWith("flow")
  );
  if (ofFlows !== undefined && (connections ?? 1) < 2) {
    throw new UsageError(
      `--expect: ${ofFlows.metric} compares connections: use --connections`,
    );
  }
}

/** Checks that a burst has ticks, and room for all of its messages. */
function checkBurst(
  { burst = 1, interval, pipeline = Infinity }: ClientValues,
  clock: "interval" | "rate" | "bandwidth" | undefined,
): void {
  if (burst === 1) return;
  if (clock === undefined || interval === 0) {
    throw new UsageError(
      "--burst needs --interval, --rate or --bandwidth, which say when each is due",
    );
  }
  if (pipeline < burst) {
    throw new UsageError(
      `--burst ${burst} has no room in --pipeline ${pipeline}: not all of it could be in flight`,
    );
  }
}

/** The only address family to use, where an option says which. */
function readFamily(
  { ipv4, ipv6, bind }: ClientValues,
): AddressFamily | undefined {
  if (ipv4 && ipv6) {
    exclude("-4", "-6", "without either, both are tried");
  }
  const bound = bind && (bind.hostname.includes(":") ? 6 : 4);
  const asked = ipv4 ? 4 : ipv6 ? 6 : bound;
  if (bound !== undefined && asked !== bound) {
    exclude(`-${asked}`, `--bind ${bind!.hostname}`, `that is IPv${bound}`);
  }
  return asked;
}

function readPayloads(
  transport: Transport,
  options: ClientValues,
): MeasuredPayload[] {
  const { message, size, seed, bandwidth, service = "echo" } = options;
  if (size !== undefined) {
    return "each" in size
      ? size.each.map((size) => ({ size }))
      : [{ size: { ...size, seed } }];
  }
  if (message === undefined && isMeasuring(options)) {
    const isStream = transport === "TCP" && service !== "echo";
    const usual = isStream ? ONE_WAY_SIZE : MEASURED_SIZE;
    return [{
      size: bandwidth === undefined ? usual : PACED_SIZES[transport],
    }];
  }
  return [new TextEncoder().encode(message ?? ONE_SHOT_MESSAGE)];
}
