/**
 * What `tcp-client` is asked to send.
 *
 * @module
 */
import type { Probe, Service } from "../events/mod.ts";
import { isMeasuring, type Order, readOrder } from "./client.ts";
import { exclude } from "./command_line/combinations.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { endsOf, UsageError } from "./command_line/values.ts";
import { TCP_CLIENT } from "./roles.ts";

/** What is sent on a stream: to a service that there is over TCP. */
interface TcpOrder extends Order {
  service?: Service;
}

/** A command line of `tcp-client`. */
type TcpClientLine = CommandLine<typeof TCP_CLIENT.options>;

/** What a command line asks of the peer. */
export function probeOf(options: TcpClientLine["options"]): Probe {
  if (options["connect-only"]) return "connect";
  return options.idle === undefined ? options.service ?? "echo" : "idle";
}

/** Refuses an option together with any of others. */
function excludeAll(
  { given }: TcpClientLine,
  option: string,
  names: (keyof TcpClientLine["options"])[],
  why: string,
): void {
  const other = names.find((name) => given.has(name));
  if (other !== undefined) exclude(option, `--${other}`, why);
}

/** Checks that nothing is to be sent, or answered, where connections are all there is. */
function checkConnecting(line: TcpClientLine): void {
  const option = "--connect-only";
  excludeAll(line, option, ["idle"], "each is a test of its own");
  excludeAll(
    line,
    option,
    ["message", "size", "bandwidth", "stdin", "service"],
    "no byte is sent",
  );
  excludeAll(
    line,
    option,
    ["timeout"],
    "nothing is answered; --connect-timeout says how long to wait",
  );
  excludeAll(
    line,
    option,
    ["pipeline"],
    "--connections says how many at once",
  );
  if (line.options.bind?.port && isMeasuring(line.options)) {
    throw new UsageError(
      "--bind with a port is for a single connection: the port is kept for a minute after it",
    );
  }
}

/** Checks that nothing else is asked for where connections are left idle. */
function checkIdle(line: TcpClientLine): void {
  excludeAll(
    line,
    "--idle",
    ["message", "size", "stdin"],
    "its messages are its own",
  );
  excludeAll(
    line,
    "--idle",
    [
      "count",
      "duration",
      "interval",
      "rate",
      "bandwidth",
      "burst",
      "connections",
      "pipeline",
      "warmup",
      "service",
      "report-every",
    ],
    "the range says what to try, each time on a connection of its own",
  );
  if (line.options.bind?.port) {
    exclude(
      "--idle",
      "--bind with a port",
      "each connection needs a port of its own",
    );
  }
}

/**
 * Reads the target and what to send, on a stream.
 *
 * @throws {UsageError} Where options and arguments exclude each other.
 */
export function readTcpOrder(line: TcpClientLine): TcpOrder {
  const probe = probeOf(line.options);
  if (probe === "connect") checkConnecting(line);
  if (probe === "idle") checkIdle(line);
  const order = readOrder(TCP_CLIENT.transport, line, probe) as TcpOrder;
  const { message, size, stdin, targets } = line.options;
  if (stdin && targets !== undefined) {
    exclude("--stdin", "--targets", "both read standard input");
  }
  if (stdin && line.positionals.length > 1) {
    throw new UsageError("--stdin goes to one target");
  }
  const measuring = isMeasuring(line.options);
  if (measuring && (size && endsOf(size).least === 0 || message === "")) {
    throw new UsageError(
      "an empty message cannot be measured over TCP: it brings no byte back",
    );
  }
  const other = message !== undefined
    ? "--message"
    : size !== undefined
    ? "--size"
    : measuring
    ? "a measuring option"
    : undefined;
  if (stdin && other !== undefined) {
    exclude("--stdin", other, "each says what to send");
  }
  return order;
}
