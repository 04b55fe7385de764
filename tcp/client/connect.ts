/**
 * Connecting to a peer: every address of its name is tried.
 *
 * @module
 */
import { now, since } from "../../net/clock.ts";
import { formatAddress, type LocalAddress } from "../../net/address.ts";
import { Backoff, pause } from "../../net/backoff.ts";
import { close } from "../../net/close.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { describeError, EchosounderError } from "../../net/errors.ts";
import {
  type Kinds,
  oneOf,
  time,
  unlimited,
  whole,
} from "../../net/options.ts";
import type { ClientObserver, TcpClientEvent } from "../../events/mod.ts";
import {
  type AddressFamily,
  type HostAddress,
  resolveHost,
} from "../../net/resolve.ts";
import { DEFAULT_PORT } from "../defaults.ts";
import { type Connection, open } from "./connection.ts";

/** Options of {@linkcode connectTcp}. */
export interface ConnectTcpOptions {
  /** The peer: a name, an IPv4 address, or an IPv6 address without brackets. */
  hostname: string;
  /** The peer's port, from 1 to 65535. @default {27015} */
  port?: number;
  /** Take addresses of this family only. */
  family?: AddressFamily;
  /** Milliseconds that one attempt to connect may take, over all addresses. @default {5000} */
  connectTimeout?: number;
  /** Milliseconds for which failed attempts are repeated, or `Infinity`. @default {0} */
  retryFor?: number;
  /** Connect from this address of the same family; the system chooses one by default. */
  bind?: LocalAddress;
  /** Aborts connecting. */
  signal?: AbortSignal;
  /** Called for each event. */
  onEvent?: ClientObserver<TcpClientEvent>;
}

/** The valid values of these options. */
export const CONNECT_TCP_KINDS: Kinds<ConnectTcpOptions> = {
  port: whole(1, 65_535),
  family: oneOf(4, 6),
  connectTimeout: time,
  retryFor: unlimited(time),
};

/** Milliseconds before the next address is tried in parallel (RFC 8305, section 5). */
const ATTEMPT_DELAY = 250;

/** Alternates between the families, the preferred one first (RFC 8305, section 4). */
function interleave(addresses: HostAddress[]): HostAddress[] {
  const [first] = addresses;
  const same = addresses.filter(({ family }) => family === first.family);
  const other = addresses.filter(({ family }) => family !== first.family);
  return same.flatMap((address, i) =>
    i < other.length ? [address, other[i]] : [address]
  )
    .concat(other.slice(same.length));
}

async function connectOne(
  address: string,
  port: number,
  signal: AbortSignal,
  bind: LocalAddress | undefined,
): Promise<Connection> {
  try {
    return await open({ hostname: address, port, signal, bind });
  } catch (error) {
    const reason = signal.aborted ? "no answer in time" : describeError(error);
    throw new Error(`${formatAddress(address, port)}: ${reason}`, {
      cause: error,
    });
  }
}

/**
 * Connects to the first address that answers. The next one is tried when all
 * before it have failed, or a quarter of a second later in parallel.
 *
 * @throws {AggregateError} The error of each address, in the order of the attempts.
 */
export async function connectAny(
  addresses: HostAddress[],
  port: number,
  signal: AbortSignal,
  bind?: LocalAddress,
): Promise<Connection> {
  const decided = new AbortController();
  const quit = AbortSignal.any([signal, decided.signal]);
  const attempts: Promise<Connection>[] = [];
  let winner: Connection | undefined;
  try {
    for (const { address } of interleave(addresses)) {
      attempts.push(connectOne(address, port, quit, bind));
      const allFailed = () => undefined;
      winner = await Promise.race([
        Promise.any(attempts).catch(allFailed),
        pause(ATTEMPT_DELAY, quit).then(() => undefined),
      ]);
      if (winner !== undefined) return winner;
    }
    return winner = await Promise.any(attempts);
  } finally {
    decided.abort();
    for (const attempt of attempts) {
      // A second attempt may have connected at the same moment.
      attempt.then((conn) => conn === winner || close(conn), () => {});
    }
  }
}

/**
 * Connects to a peer: its name is resolved and every address tried; with
 * `retryFor`, repeatedly.
 *
 * @throws {EchosounderError} `cannot-resolve`, `cannot-connect` (saying why for
 * each address), or `stopped` when the signal aborts.
 */
export async function connectTcp(
  options: ConnectTcpOptions,
): Promise<Connection> {
  const { port = DEFAULT_PORT, retryFor = 0, signal } = options;
  const started = now();
  const backoff = new Backoff(50, 500);
  for (;;) {
    try {
      const conn = await connectOnce({ ...options, port });
      conn.setNoDelay(true);
      await options.onEvent?.({
        event: "connected",
        peer_host: conn.remoteAddr.hostname,
        peer_port: conn.remoteAddr.port,
        local_host: conn.localAddr.hostname,
        local_port: conn.localAddr.port,
        connect_us: since(started),
      });
      return conn;
    } catch (error) {
      if (signal?.aborted) throw new EchosounderError("stopped", "stopped");
      if (!(error instanceof EchosounderError)) throw error;
      const left = retryFor - since(started) / 1000;
      if (left <= 0) throw error;
      const retry = Math.min(backoff.next(), left);
      await options.onEvent?.({
        event: "retry",
        detail: error.message,
        retry_us: retry * 1000,
      });
      await pause(retry, signal);
    }
  }
}

async function connectOnce(
  options: ConnectTcpOptions & { port: number },
): Promise<Connection> {
  const { hostname, port, family, connectTimeout = DEFAULT_TIMEOUT, signal } =
    options;
  const limit = AbortSignal.timeout(connectTimeout);
  const addresses = await resolveHost(hostname, {
    family,
    timeout: connectTimeout,
    signal,
  });
  try {
    return await connectAny(
      addresses,
      port,
      AbortSignal.any(signal ? [limit, signal] : [limit]),
      options.bind,
    );
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    const reasons = error.errors.map((each: Error) => each.message).join(", ");
    throw new EchosounderError("cannot-connect", reasons, { cause: error });
  }
}
