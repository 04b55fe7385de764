/**
 * The TCP server: socket, bind, listen, accept, receive and send, half-close,
 * close.
 *
 * @module
 */
import { now, since } from "../../net/clock.ts";
import { allowList } from "../../net/allow_list.ts";
import { Backoff, pause } from "../../net/backoff.ts";
import { close } from "../../net/close.ts";
import {
  cannotBind,
  describeError,
  EchosounderError,
  isReset,
} from "../../net/errors.ts";
import {
  checkOptions,
  oneOf,
  time,
  unlimited,
  whole,
} from "../../net/options.ts";
import type {
  CloseReason,
  PortService,
  ServedConnections,
  ServerFigures,
  Service,
  TcpServerEvent,
  TcpSummary,
} from "../../events/mod.ts";
import { DEFAULT_BIND_ADDRESS } from "../../net/defaults.ts";
import {
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_PORT,
  DEFAULT_READ_AHEAD,
} from "../defaults.ts";
import { Connection } from "./connection.ts";
import { ServerLimits, SHARED_BYTES } from "./limits.ts";
import { TCP_SERVICES } from "./services.ts";

/** Options of {@linkcode serveTcp}. */
export interface ServeTcpOptions {
  /** The address to bind; `::` binds both families where the system allows. @default {"0.0.0.0"} */
  hostname?: string;
  /** The port to bind; 0 takes a free one. @default {27015} */
  port?: number;
  /** What to do with what clients send. @default {"echo"} */
  service?: Service;
  /** More services, each on a port of its own; 0 takes a free one. */
  also?: readonly PortService[];
  /** Serve one client, and close the listening socket once it is accepted. @default {false} */
  once?: boolean;
  /** Serve only peers inside these address blocks (CIDR); empty means everyone. */
  allow?: readonly string[];
  /** The most clients at once, from 1, or `Infinity`; further ones are closed. @default {10000} */
  maxConnections?: number;
  /** Milliseconds without a byte sent or received after which a client is closed; 0 for never. @default {0} */
  idleTimeout?: number;
  /**
   * The most bytes that are read ahead of the echo, for all clients together,
   * beyond what the kernels buffer. This lets a client send everything before it
   * reads; past it, a client is read only as fast as it reads its echo.
   *
   * @default {134217728}
   */
  readAhead?: number;
  /**
   * Serve beside other servers with the same memory, each in a thread of its own: on
   * one port (`reusePort`, on Linux only), with clients numbered and limited over all
   * of them. Made by {@linkcode sharedMemory}. The first one takes a free port for 0.
   */
  shared?: SharedArrayBuffer;
  /** Emit events for every piece received and sent, too. @default {false} */
  detail?: boolean;
  /** Aborting it closes the server and all its clients at once. */
  signal?: AbortSignal;
  /** Called for each event. */
  onEvent?: (event: TcpServerEvent) => void;
}

/**
 * Large enough for a burst of clients: with the usual 511, the system drops their
 * SYNs, and they retry only a second later.
 */
const LISTEN_BACKLOG = 65_535;

/** Milliseconds between checks for clients that are idle or do not read their echo. */
const WATCH_INTERVAL = 100;

/** The memory of servers that share a port: see {@linkcode ServeTcpOptions.shared}. */
export function sharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(SHARED_BYTES);
}

/** A listening socket, and what is done for who connects to it. */
interface Listener {
  listener: Deno.TcpListener;
  service: Service;
}

/**
 * Binds all services, or none.
 *
 * @param reusePort Whether others serve the same ports.
 * @throws {EchosounderError} `cannot-bind` for the first that cannot be bound.
 */
function listenAll(
  hostname: string,
  services: readonly PortService[],
  reusePort: boolean,
): Listener[] {
  const listeners: Listener[] = [];
  for (const { service, port } of services) {
    try {
      const listener = Deno.listen({
        hostname,
        port,
        tcpBacklog: LISTEN_BACKLOG,
        reusePort,
      });
      listeners.push({ listener, service });
    } catch (error) {
      listeners.forEach(({ listener }) => close(listener));
      throw cannotBind(hostname, port, error);
    }
  }
  return listeners;
}

/** A running TCP server: see {@linkcode serveTcp}. */
export class TcpServer implements AsyncDisposable {
  /** The address that was bound. */
  readonly addr: Deno.NetAddr;
  /** What `also` bound, in its order. */
  readonly also: readonly PortService[];
  /** Resolves with the summary when the server has stopped and its clients are gone. */
  readonly finished: Promise<TcpSummary>;

  readonly #options: ServeTcpOptions;
  readonly #listeners: readonly Listener[];
  readonly #allowed: (hostname: string) => boolean;
  readonly #idleTimeout: number;
  readonly #limits: ServerLimits;
  readonly #connections: Map<Connection, Promise<void>> = new Map();
  /** Stops accepting, its back-off, and services without an end of their own. */
  readonly #stopping: AbortController = new AbortController();
  readonly #startedAt: number = now();
  #watching: ReturnType<typeof setInterval> | undefined;

  #accepted = 0;
  #received = 0;
  #sent = 0;
  #rejected = 0;
  #faults = 0;
  readonly #closed: Record<CloseReason, number> = {
    "finished": 0,
    "reset": 0,
    "failed": 0,
    "idle": 0,
    "cut-off": 0,
  };

  /** Binds and listens; see {@linkcode serveTcp}. */
  constructor(options: ServeTcpOptions = {}) {
    const { hostname = DEFAULT_BIND_ADDRESS, port = DEFAULT_PORT, signal } =
      options;
    const { service = "echo", also = [] } = options;
    checkOptions(options, {
      port: whole(0, 65_535),
      service: oneOf(...Object.keys(TCP_SERVICES)),
      maxConnections: unlimited(whole(1)),
      idleTimeout: unlimited(time),
      readAhead: unlimited(whole(0)),
    });
    this.#options = options;
    this.#allowed = allowList(options.allow ?? []);
    this.#idleTimeout = options.idleTimeout || Infinity;
    const { shared } = options;
    this.#limits = new ServerLimits(
      options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      options.readAhead ?? DEFAULT_READ_AHEAD,
      shared,
    );
    for (const each of also) {
      checkOptions(each, {
        port: whole(0, 65_535),
        service: oneOf(...Object.keys(TCP_SERVICES)),
      });
    }
    if (options.shared && Deno.build.os !== "linux") {
      throw new EchosounderError(
        "invalid-option",
        "shared: only Linux divides the clients of a port among servers",
      );
    }
    if (options.once && also.length > 0) {
      throw new EchosounderError(
        "invalid-option",
        "also: with once there is one client, and so one service",
      );
    }
    signal?.throwIfAborted();
    const services = [{ service, port }, ...also];
    // A port that may be shared is not free where another program shares it, too.
    if (shared && this.#limits.join()) {
      const taken = services.filter(({ port }) => port > 0);
      listenAll(hostname, taken, false).forEach(({ listener }) =>
        close(listener)
      );
    }
    this.#listeners = listenAll(hostname, services, shared !== undefined);
    this.addr = this.#listeners[0].listener.addr;
    this.also = this.#listeners.slice(1).map(({ service, listener }) => ({
      service,
      port: listener.addr.port,
    }));
    this.#emit({
      event: "listening",
      host: this.addr.hostname,
      port: this.addr.port,
      service,
      also: also.length > 0 ? [...this.also] : undefined,
    });
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.finished = this.#run();
  }

  /** Stops accepting; resolves when the connected clients have finished. */
  async shutdown(): Promise<void> {
    this.#stopAccepting();
    await this.finished;
  }

  /** The same as {@linkcode TcpServer.shutdown}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #emit(event: TcpServerEvent): void {
    this.#options.onEvent?.(event);
  }

  readonly #abort = (): void => {
    this.#stopAccepting();
    for (const connection of this.#connections.keys()) {
      connection.closeBecause("cut-off");
    }
  };

  #stopAccepting(): void {
    this.#stopping.abort();
    for (const { listener } of this.#listeners) close(listener);
  }

  async #run(): Promise<TcpSummary> {
    await Promise.all(this.#listeners.map((each) => this.#acceptAll(each)));
    await Promise.all(this.#connections.values());
    this.#options.signal?.removeEventListener("abort", this.#abort);
    const summary: TcpSummary = { event: "summary", ...this.figures() };
    this.#emit(summary);
    return summary;
  }

  /** What it has done so far. */
  figures(): ServerFigures & { connections: ServedConnections } {
    const open = [...this.#connections.keys()];
    const total = (ended: number, read: (connection: Connection) => number) =>
      open.reduce((sum, connection) => sum + read(connection), ended);
    return {
      bytes_received: total(this.#received, ({ received }) => received),
      bytes_sent: total(this.#sent, ({ sent }) => sent),
      rejected: this.#rejected,
      faults: this.#faults,
      duration_us: since(this.#startedAt),
      connections: {
        accepted: this.#accepted,
        failed: this.#closed.reset + this.#closed.failed,
        idle: this.#closed.idle,
        cut_off: this.#closed["cut-off"],
        open: open.length > 0 ? open.length : undefined,
      },
    };
  }

  async #acceptAll({ listener, service }: Listener): Promise<void> {
    const backoff = new Backoff(5, 1000);
    while (!this.#stopping.signal.aborted) {
      const conn = await this.#accept(listener, backoff);
      if (conn === undefined) continue;
      if (this.#admit(conn, service) && this.#options.once) {
        return close(listener);
      }
    }
  }

  /** The next client; `undefined` after a failure, when the back-off is over. */
  async #accept(
    listener: Deno.TcpListener,
    backoff: Backoff,
  ): Promise<Deno.TcpConn | undefined> {
    const stopping = this.#stopping.signal;
    try {
      const conn = await listener.accept();
      backoff.reset();
      return conn;
    } catch (error) {
      if (stopping.aborted) return undefined;
      // The listening socket still works: the process is out of descriptors, some
      // of which will be closed, or a client was gone before it was accepted,
      // for which no other has to wait.
      const retry = isReset(error) ? 0 : backoff.next();
      this.#faults++;
      this.#emit({
        event: "fault",
        operation: "accept",
        detail: describeError(error),
        retry_us: retry * 1000,
      });
      if (retry > 0) await pause(retry, stopping);
      return undefined;
    }
  }

  /** Begins to serve an accepted client; `false` where it is rejected. */
  #admit(conn: Deno.TcpConn, service: Service): boolean {
    const { hostname, port } = conn.remoteAddr;
    const isAllowed = this.#allowed(hostname);
    const id = isAllowed ? this.#limits.admit() : undefined;
    if (id === undefined) {
      const reason = isAllowed ? "max-connections" : "not-allowed";
      conn.close();
      this.#rejected++;
      this.#emit({
        event: "rejected",
        peer_host: hostname,
        peer_port: port,
        reason,
      });
      return false;
    }
    this.#accepted++;
    const connection = new Connection(conn, id);
    this.#emit({
      event: "connection-opened",
      connection: connection.id,
      peer_host: hostname,
      peer_port: port,
    });
    this.#connections.set(connection, this.#serve(connection, service));
    this.#watching ??= setInterval(
      this.#watch,
      Math.min(WATCH_INTERVAL, this.#idleTimeout),
    );
    return true;
  }

  async #serve(connection: Connection, service: Service): Promise<void> {
    let reason: CloseReason = "finished";
    let detail: string | undefined;
    try {
      await TCP_SERVICES[service](connection, {
        stopping: this.#stopping.signal,
        limits: this.#limits,
        observe: this.#options.detail ? this.#options.onEvent : undefined,
      });
    } catch (error) {
      reason = connection.closedBecause ??
        (isReset(error) ? "reset" : "failed");
      if (connection.closedBecause === undefined) detail = describeError(error);
    }
    close(connection.conn);
    this.#closed[reason]++;
    this.#received += connection.received;
    this.#sent += connection.sent;
    this.#connections.delete(connection);
    this.#limits.leave();
    if (this.#connections.size === 0) {
      clearInterval(this.#watching);
      this.#watching = undefined;
    }
    this.#emit({
      event: "connection-closed",
      connection: connection.id,
      peer_host: connection.peer.hostname,
      peer_port: connection.peer.port,
      bytes_received: connection.received,
      bytes_sent: connection.sent,
      duration_us: since(connection.openedAt),
      reason,
      detail,
    });
  }

  /** Closes clients that are idle for too long, and notifies the services of those that stall. */
  readonly #watch = (): void => {
    const time = performance.now();
    for (const connection of this.#connections.keys()) {
      const idle = connection.idleFor(time);
      if (idle >= this.#idleTimeout) connection.closeBecause("idle");
      else if (idle >= WATCH_INTERVAL) connection.stalled();
    }
  };
}

/**
 * Serves TCP clients, any number at once: by default, everything that a client
 * sends goes back to it, and when the client shuts down its sending side
 * (RFC 9293, section 3.6) and has got everything back, the server shuts down
 * its own.
 *
 * It follows the shape of `Deno.serve`: it listens when the call returns,
 * `addr` is what was bound, `shutdown()` stops it in order, and aborting
 * `signal` at once. A client that resets, vanishes or fails ends its own
 * connection only.
 *
 * @throws {EchosounderError} `cannot-bind` when the address cannot be bound,
 * `invalid-option` for a wrong value or address block.
 *
 * @example
 * ```ts
 * import { echoTcp, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const result = await echoTcp({
 *   hostname: server.addr.hostname,
 *   port: server.addr.port,
 *   payload: [new TextEncoder().encode("this is a test")],
 * });
 * console.log(result.passed); // true
 * ```
 */
export function serveTcp(options: ServeTcpOptions = {}): TcpServer {
  return new TcpServer(options);
}
