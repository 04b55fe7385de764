/**
 * What both clients' programs do: find the peer, send, and judge.
 *
 * @module
 */
import type { Expectation, ResultEvent } from "../net/events.ts";
import type { AddressFamily } from "../net/resolve.ts";
import type { Payload } from "../measure/payload.ts";
import { DONE } from "./exit_codes.ts";
import { RunFailed, type Session } from "./program.ts";
import { onStopSignal } from "./signals.ts";
import { target, UsageError } from "./values.ts";

/** The options that both clients read their peer and payload from. */
export interface ClientValues {
  port: number;
  ipv4: boolean;
  ipv6: boolean;
  size: number | undefined;
  count: number | undefined;
  duration: number | undefined;
  interval: number | undefined;
  expect: Expectation[];
}

/** What both clients send, and to whom. */
export interface Order {
  hostname: string;
  port: number;
  family: AddressFamily | undefined;
  payload: Payload;
  /** Messages to measure with; `undefined` where measuring was not asked for. */
  count: number | undefined;
  duration: number | undefined;
  interval: number | undefined;
  expectations: Expectation[];
}

/** What the teaching programs send. */
const TEACHING_MESSAGE = "this is a test";

/** Whether any of the measuring options was given. */
export function isMeasuring(
  { count, duration, interval }: ClientValues,
): boolean {
  return [count, duration, interval].some((given) => given !== undefined);
}

/**
 * Reads whom to ask and what to send.
 *
 * @throws {UsageError} Where options and arguments do not go together.
 */
export function readOrder(
  options: ClientValues,
  given: Set<string>,
  positionals: string[],
): Order {
  const [host, message, ...rest] = positionals;
  if (host === undefined) {
    throw new UsageError("whom to ask is missing: HOST or HOST:PORT");
  }
  if (rest.length > 0) {
    throw new UsageError(
      `unexpected argument "${rest[0]}": put quotes around the message`,
    );
  }
  if (message !== undefined && options.size !== undefined) {
    throw new UsageError(
      "MESSAGE and --size exclude each other: each says what to send",
    );
  }
  if (options.ipv4 && options.ipv6) {
    throw new UsageError(
      "-4 and -6 exclude each other: without either, both are tried",
    );
  }
  if (options.expect.length > 0 && !isMeasuring(options)) {
    throw new UsageError(
      "--expect needs something to measure: --count, --duration or --interval",
    );
  }
  const { hostname, port } = target(host);
  if (port !== undefined && given.has("port") && port !== options.port) {
    throw new UsageError(
      `two ports: ${port} in "${host}", and --port ${options.port}`,
    );
  }
  return {
    hostname,
    port: port ?? options.port,
    family: options.ipv4 ? 4 : options.ipv6 ? 6 : undefined,
    payload: readPayload(options, message),
    // Without an end of its own, measuring goes on until it is stopped.
    count: options.count ?? (isMeasuring(options) ? Infinity : undefined),
    duration: options.duration,
    interval: options.interval,
    expectations: options.expect,
  };
}

function readPayload(
  options: ClientValues,
  message: string | undefined,
): Payload {
  if (options.size !== undefined) return { size: options.size };
  return new TextEncoder().encode(message ?? TEACHING_MESSAGE);
}

/**
 * Runs a client until it is done or stopped.
 *
 * @throws {RunFailed} Where the run did not pass.
 */
export async function runClient(
  session: Session,
  run: (signal: AbortSignal) => Promise<ResultEvent>,
): Promise<number> {
  const stopped = new AbortController();
  onStopSignal(() => stopped.abort());
  const { failure } = await run(
    AbortSignal.any([stopped.signal, session.unread]),
  );
  if (failure !== undefined) throw new RunFailed(failure);
  return DONE;
}
