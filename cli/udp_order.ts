/**
 * What `udp-client` is asked to send.
 *
 * @module
 */
import { SMALLEST_MEASURED } from "../udp/client/probe_socket.ts";
import { LAST_PORT } from "../udp/client/target.ts";
import { isStampSize, smallestStampSize } from "../udp/client/stamp_session.ts";
import { LARGEST_DATAGRAM } from "../udp/datagram.ts";
import { checkSweep, isMeasuring, type Order, readOrder } from "./client.ts";
import { checkNoneNeeds, exclude } from "./command_line/combinations.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { endsOf, UsageError } from "./command_line/values.ts";
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
    exclude(
      "--source-port",
      "--bind with a port",
      "each says from which port to send",
    );
  }
  const first = line.options["source-port"];
  // Under load they are of the bulk traffic.
  const { connections = 1 } = line.options["under-load"] ? {} : order;
  if (first !== undefined && first + connections - 1 > LAST_PORT) {
    throw new UsageError(
      `--source-port ${first}: from there on, there are only ${
        LAST_PORT - first + 1
      } ports for --connections ${connections}`,
    );
  }
  if (service === "stamp") return readStampOrder(line, order);
  checkNoneNeeds(
    "--service stamp",
    STAMP_OPTIONS,
    (name) => line.given.has(name),
  );
  if (size === undefined) return order;
  const { least, most } = endsOf(size);
  // Only answers that are compared need to be told apart.
  const isCompared = isMeasuring(line.options) && service === "echo";
  if (isCompared && least < SMALLEST_MEASURED) {
    throw new UsageError(
      `--size ${least}: ${SMALLEST_MEASURED} bytes are the least that can be measured with, for stream, sequence number and a check of both`,
    );
  }
  // With a single size, the peer's address decides.
  const largest = LARGEST_DATAGRAM[order.family ?? 4];
  if (most > least && most > largest) {
    throw new UsageError(
      `--size ${most}: a datagram carries ${largest} bytes over IPv${
        order.family ?? 4
      }`,
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
    exclude("--auth-key-file", "--targets", "both read standard input");
  }
  const smallest = smallestStampSize(isAuthenticated);
  const { size = { each: [smallest] } } = options;
  if (!("each" in size)) {
    throw new UsageError(
      "--service stamp: packets have one size, or a list of them: --size 44,128",
    );
  }
  const wrong = size.each.find((size) => !isStampSize(size, isAuthenticated));
  if (wrong !== undefined) {
    const mode = isAuthenticated ? " with a key" : "";
    throw new UsageError(
      `--size ${wrong}: a packet of STAMP${mode} has ${smallest} bytes, or from ${
        smallest + 4
      } on`,
    );
  }
  const isOpen = order.count === undefined && order.duration === undefined &&
    order.interval === undefined && order.rate === undefined &&
    order.bandwidth === undefined && order.burst === undefined &&
    order.pipeline === undefined;
  if (!isOpen) checkSweep(options);
  const { connections = 1 } = order;
  return {
    ...order,
    payloads: size.each.map((size) => ({ size })),
    ...isOpen
      ? { count: STAMP_COUNT * connections, interval: STAMP_INTERVAL }
      : undefined,
  };
}
