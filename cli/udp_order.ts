/**
 * What `udp-client` is asked to send.
 *
 * @module
 */
import { SMALLEST_MEASURED } from "../udp/client/probe_socket.ts";
import { LARGEST_DATAGRAM } from "../udp/datagram.ts";
import { isMeasuring, type Order, readOrder } from "./client.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { endsOf, UsageError } from "./command_line/values.ts";
import { UDP_CLIENT } from "./roles.ts";

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
