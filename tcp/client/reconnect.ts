/**
 * Making a new connection in place of a broken one.
 *
 * @module
 */
import { pause } from "../../net/backoff.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { EchosounderError } from "../../net/errors.ts";
import { connectTcp, type ConnectTcpOptions } from "./connect.ts";
import type { Connection } from "./connection.ts";

/** The longest pause after an attempt that was refused, in milliseconds. */
const LONGEST_PAUSE = 1000;

/**
 * The first attempt takes this many milliseconds at most, each further one that
 * timed out twice as long: the system asks an unreachable peer ever less often, so
 * a new attempt sees sooner that it is back.
 */
const FIRST_ATTEMPT = 1000;

/** Options of {@linkcode reconnectTcp}. */
export interface ReconnectOptions extends ConnectTcpOptions {
  /** Milliseconds from one message to the next. */
  interval: number;
}

/**
 * Tries to connect, again and again, at least once in each interval where the peer
 * refuses. The name is resolved anew each time.
 *
 * @returns The connection, and how many attempts it took.
 * @throws {EchosounderError} `stopped` where the signal aborts.
 */
export async function reconnectTcp(
  options: ReconnectOptions,
): Promise<{ conn: Connection; attempts: number }> {
  const { connectTimeout = DEFAULT_TIMEOUT, signal, interval } = options;
  let limit = Math.min(FIRST_ATTEMPT, connectTimeout);
  for (let attempts = 1;; attempts++) {
    const start = performance.now();
    try {
      const conn = await connectTcp({
        ...options,
        connectTimeout: limit,
        retryFor: 0,
        onEvent: undefined,
      });
      return { conn, attempts };
    } catch (error) {
      const isTransient = error instanceof EchosounderError &&
        error.code !== "stopped";
      if (!isTransient) throw error;
    }
    const isTimedOut = performance.now() - start >= limit;
    if (isTimedOut) limit = Math.min(2 * limit, connectTimeout);
    else await pause(Math.min(interval, LONGEST_PAUSE), signal);
  }
}
