/**
 * Delay under load, as an option of both clients.
 *
 * @module
 */
import type { MetricExpectation } from "../measure/expectations.ts";
import { METRICS } from "../measure/metrics.ts";
import type { Transport } from "../events/mod.ts";
import { LONGEST_PHASE, type UnderLoadOptions } from "../measure/under_load.ts";
import type { ClientValues, UDP_CLIENT } from "./roles.ts";
import { checkNoneNeeds, exclude } from "./command_line/combinations.ts";
import type { OptionValues } from "./command_line/options.ts";
import { tcpLoads } from "../tcp/client/under_load.ts";
import { udpLoads } from "../udp/client/under_load.ts";
import { UsageError } from "./command_line/values.ts";

/** Options that only mean something with `--under-load`, of either client. */
const OF_LOAD = [
  "discard-port",
  "chargen-port",
  "phase-time",
  "bulk",
  "bulk-port",
  "bulk-rate",
];

/** Options that the probes and phases of a run under load leave no room for. */
const EXCLUDED: Record<string, string> = {
  "count": "its phases end when the path has settled, or after --phase-time",
  "duration": "its phases end when the path has settled, or after --phase-time",
  "interval": "its probes have a --rate",
  "bandwidth": "its probes have a --rate",
  "burst": "its probes are sent one by one",
  "warmup": "its quiet phase comes first",
  "pipeline": "its probes have no limit of messages in flight",
  "service": "its probes are echoed",
  "stdin": "its probes are patterns",
  "connect-only": "each is a test of its own",
  "idle": "each is a test of its own",
};

/**
 * Checks the options of a run under load, or that none of them is given without
 * one.
 *
 * @throws {UsageError} Where they exclude each other.
 */
export function checkUnderLoad(
  transport: Transport,
  options: ClientValues,
): void {
  const values: Record<string, unknown> = options;
  const isGiven = (name: string) =>
    values[name] !== undefined && values[name] !== false;
  if (!options["under-load"]) {
    checkNoneNeeds("--under-load", OF_LOAD, isGiven);
    const ofLoad = options.expect.find(({ metric }) =>
      METRICS[metric].isOfLoad
    );
    if (ofLoad === undefined) return;
    throw new UsageError(`--expect: ${ofLoad.metric} needs --under-load`);
  }
  const other = Object.keys(EXCLUDED).find(isGiven);
  if (other) exclude("--under-load", `--${other}`, EXCLUDED[other]);
  const { size } = options;
  if (size !== undefined && "each" in size && size.each.length > 1) {
    exclude(
      "--under-load",
      "--size with a list",
      "its probes are of one size, or of a range",
    );
  }
  if (values.bulk === "udp" && !isGiven("bulk-rate")) {
    throw new UsageError(
      "--bulk udp needs --bulk-rate: nothing else slows datagrams down",
    );
  }
  const [bulk, useless] = values.bulk === "udp"
    ? ["tcp", "bulk-port"]
    : ["udp", "bulk-rate"];
  if (isGiven(useless)) {
    throw new UsageError(`--${useless} is for --bulk ${bulk}`);
  }
  if (values.bulk === "udp" && isGiven("chargen-port")) {
    exclude(
      "--bulk udp",
      "--chargen-port",
      "over UDP a character generator only answers",
    );
  }
  options.expect.forEach((expectation) => checkMetric(transport, expectation));
}

/** Figures of all phases together would be of nothing. */
function checkMetric(
  transport: Transport,
  { metric }: MetricExpectation,
): void {
  const { isOfLoad, isLoss, kind, services } = METRICS[metric];
  // All probes are of one flow, and echoed.
  const isOfProbes = services[transport]?.includes("echo") &&
    (kind === "share" || kind === "count") &&
    !(transport === "TCP" && isLoss) && !metric.startsWith("flow");
  if (isOfLoad || isOfProbes) return;
  throw new UsageError(
    `--expect: under load there is no ${metric} of the whole run, but loaded.p99 and responsiveness`,
  );
}

/** The options of a run under load, as the library takes them. */
export function underLoadOf(options: ClientValues): UnderLoadOptions & {
  discardPort?: number;
  chargenPort?: number;
} {
  return {
    connections: options.connections,
    rate: options.rate,
    longestPhase: options["phase-time"] ?? LONGEST_PHASE,
    discardPort: options["discard-port"],
    chargenPort: options["chargen-port"],
  };
}

/** The bulk traffic beside probes over UDP: over TCP by default, else over UDP, too. */
export function bulkOf(
  options: OptionValues<typeof UDP_CLIENT.options>,
  { hostname, port }: { hostname: string; port: number },
  more: Pick<Parameters<typeof tcpLoads>[0], "family" | "bind">,
) {
  const common = { ...more, hostname, ...underLoadOf(options) };
  if (options.bulk !== "udp") {
    const loads = tcpLoads({ ...common, port: options["bulk-port"] });
    return { bulk: "TCP" as const, loads };
  }
  const bytesPerSecond = options["bulk-rate"]!;
  return {
    bulk: "UDP" as const,
    loads: udpLoads({ ...common, port, bytesPerSecond }),
  };
}
