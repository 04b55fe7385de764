/**
 * What `tcp-client` is asked to send.
 *
 * @module
 */
import { isMeasuring, type Order, readOrder } from "./client.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { UsageError } from "./command_line/values.ts";
import { TCP_CLIENT } from "./roles.ts";

/**
 * Reads whom to ask and what to send, on a stream.
 *
 * @throws {UsageError} Where options and arguments do not go together.
 */
export function readTcpOrder(
  line: CommandLine<typeof TCP_CLIENT.options>,
): Order {
  const order = readOrder(TCP_CLIENT.transport, line);
  const { message, size, stdin } = line.options;
  const measuring = isMeasuring(line.options);
  if (measuring && (size === 0 || message === "")) {
    throw new UsageError(
      "nothing comes back of an empty message: TCP needs a byte to measure with",
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
    throw new UsageError(
      `--stdin and ${other} exclude each other: each says what to send`,
    );
  }
  return order;
}
