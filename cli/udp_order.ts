/**
 * What `udp-client` is asked to send.
 *
 * @module
 */
import { SMALLEST_MEASURED } from "../udp/client/probe_socket.ts";
import { LAST_PORT } from "../udp/client/target.ts";
import { isStampSize, smallestStampSize } from "../udp/client/stamp_session.ts";
import { isMeasuring, type Order, readOrder } from "./client.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { UsageError } from "./command_line/values.ts";
import { UDP_CLIENT } from "./roles.ts";

/** Options that only STAMP has. */
const STAMP_OPTIONS = ["auth-key-file", "clock-synchronized"] as const;

/** What STAMP sends from each socket where nothing says how many, how often or for how long. */
const STAMP_COUNT = 10;
const STAMP_INTERVAL = 100;

/**
 * Reads the target and what to send, in datagrams.
 *
 * @throws {UsageError} Where options and arguments exclude each other.
 */
export function readUdpOrder(
  line: CommandLine<typeof UDP_CLIENT.options>,
): Order {
  const order = readOrder(UDP_CLIENT.transport, line);
  const { size, service = "echo" } = line.options;
  if (line.options.bind?.port && line.options["source-port"] !== undefined) {
    throw new UsageError(
      "--source-port and --bind with a port exclude each other: each says from which port to send",
    );
  }
  const first = line.options["source-port"];
  const { connections = 1 } = order;
  if (first !== undefined && first + connections - 1 > LAST_PORT) {
    throw new UsageError(
      `--source-port ${first}: from there on, there are only ${
        LAST_PORT - first + 1
      } ports for --connections ${connections}`,
    );
  }
  if (service === "stamp") return readStampOrder(line, order);
  const stray = STAMP_OPTIONS.find((name) => line.given.has(name));
  if (stray !== undefined) {
    throw new UsageError(`--${stray} needs --service stamp`);
  }
  // Only answers that are compared need to be told apart.
  const isCompared = isMeasuring(line.options) && service === "echo";
  if (isCompared && size !== undefined && size < SMALLEST_MEASURED) {
    throw new UsageError(
      `--size ${size}: ${SMALLEST_MEASURED} bytes are the least that can be measured with, for stream, sequence number and a check of both`,
    );
  }
  return order;
}

/** What is different with STAMP: the sizes, and an end by default. */
function readStampOrder(
  { options }: CommandLine<typeof UDP_CLIENT.options>,
  order: Order,
): Order {
  const isAuthenticated = options["auth-key-file"] !== undefined;
  if (isAuthenticated && options.targets !== undefined) {
    throw new UsageError(
      "--auth-key-file and --targets exclude each other: both read standard input",
    );
  }
  const smallest = smallestStampSize(isAuthenticated);
  const { size = smallest } = options;
  if (!isStampSize(size, isAuthenticated)) {
    const mode = isAuthenticated ? " with a key" : "";
    throw new UsageError(
      `--size ${size}: a packet of STAMP${mode} has ${smallest} bytes, or from ${
        smallest + 4
      } on`,
    );
  }
  const isOpen = order.count === undefined && order.duration === undefined &&
    order.interval === undefined && order.rate === undefined &&
    order.pipeline === undefined;
  const { connections = 1 } = order;
  return {
    ...order,
    payload: { size },
    ...isOpen
      ? { count: STAMP_COUNT * connections, interval: STAMP_INTERVAL }
      : undefined,
  };
}
