/**
 * What `tcp-client` is asked to send.
 *
 * @module
 */
import type { Service } from "../events/mod.ts";
import { isMeasuring, type Order, readOrder } from "./client.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { UsageError } from "./command_line/values.ts";
import { TCP_CLIENT } from "./roles.ts";

/** What is sent on a stream: to a service that there is over TCP. */
interface TcpOrder extends Order {
  service?: Service;
}

/**
 * Reads the target and what to send, on a stream.
 *
 * @throws {UsageError} Where options and arguments exclude each other.
 */
export function readTcpOrder(
  line: CommandLine<typeof TCP_CLIENT.options>,
): TcpOrder {
  const order = readOrder(TCP_CLIENT.transport, line) as TcpOrder;
  const { message, size, stdin, targets } = line.options;
  if (stdin && (targets !== undefined || line.positionals.length > 1)) {
    throw new UsageError(
      targets === undefined
        ? "--stdin goes to one target"
        : "--stdin and --targets exclude each other: both read standard input",
    );
  }
  const measuring = isMeasuring(line.options);
  if (measuring && (size === 0 || message === "")) {
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
    throw new UsageError(
      `--stdin and ${other} exclude each other: each says what to send`,
    );
  }
  return order;
}
