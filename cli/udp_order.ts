/**
 * What `udp-client` is asked to send.
 *
 * @module
 */
import { SMALLEST_MEASURED } from "../udp/client/probe_socket.ts";
import { LAST_PORT } from "../udp/client/target.ts";
import { isMeasuring, type Order, readOrder } from "./client.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { UsageError } from "./command_line/values.ts";
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
  // Only answers that are compared need to be told apart.
  const isCompared = isMeasuring(line.options) && service === "echo";
  if (isCompared && size !== undefined && size < SMALLEST_MEASURED) {
    throw new UsageError(
      `--size ${size}: ${SMALLEST_MEASURED} bytes are the least that can be measured with, for stream, sequence number and a check of both`,
    );
  }
  const first = line.options["source-port"];
  const { connections = 1 } = line.options;
  if (first !== undefined && first + connections - 1 > LAST_PORT) {
    throw new UsageError(
      `--source-port ${first}: from there on, there are only ${
        LAST_PORT - first + 1
      } ports for --connections ${connections}`,
    );
  }
  return order;
}
