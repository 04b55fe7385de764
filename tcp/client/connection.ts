/**
 * A client's connection, from any local address or from a chosen one.
 *
 * @module
 */
import type { Socket } from "node:net";
import { canonicalAddress, type LocalAddress } from "../../net/address.ts";

/** What a client uses of a connection. */
export type Connection = Pick<
  Deno.TcpConn,
  | "read"
  | "write"
  | "closeWrite"
  | "close"
  | "setNoDelay"
  | "localAddr"
  | "remoteAddr"
>;

/** Where a connection goes, and where it comes from. */
export interface ConnectionOptions {
  /** The peer's address. */
  hostname: string;
  /** The peer's port. */
  port: number;
  /** The local address; the system chooses one by default. */
  bind?: LocalAddress;
  /** Aborts connecting. */
  signal: AbortSignal;
}

/** Connects. */
export async function open(
  { hostname, port, bind, signal }: ConnectionOptions,
): Promise<Connection> {
  if (bind === undefined) {
    return await Deno.connect({ hostname, port, signal });
  }
  // Deno's own call cannot bind, Node's can; loaded only here, as it takes a while.
  const { connect } = await import("node:net");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({
    host: hostname,
    port,
    localAddress: bind.hostname,
    localPort: bind.port || undefined,
    allowHalfOpen: true,
  });
  const abort = () => socket.destroy(new Error("no answer in time"));
  signal.addEventListener("abort", abort, { once: true });
  socket.once("connect", resolve);
  socket.once("error", reject);
  if (signal.aborted) abort();
  try {
    await promise;
  } catch (error) {
    throw (error as { syscall?: string }).syscall === "bind"
      ? whyNotBound(bind) ?? error
      : error;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.off("error", reject);
  }
  return new BoundConnection(socket);
}

/** The system's error for an address that cannot be bound, which Node's call loses. */
function whyNotBound({ hostname, port = 0 }: LocalAddress): unknown {
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    return error;
  }
}

/** A connection of Node's, used as one of Deno's. */
class BoundConnection implements Connection {
  readonly localAddr: Deno.NetAddr;
  readonly remoteAddr: Deno.NetAddr;
  readonly #socket: Socket;
  #error: Error | undefined;
  /** Wakes a pending read. */
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const { localAddress = "", localPort = 0 } = socket;
    const { remoteAddress = "", remotePort = 0 } = socket;
    this.localAddr = netAddress(localAddress, localPort);
    this.remoteAddr = netAddress(remoteAddress, remotePort);
    const wake = () => this.#wake?.();
    socket.on("readable", wake).on("end", wake).on("close", wake);
    socket.on("error", (error) => {
      this.#error = error;
      wake();
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const available = this.#socket.readableLength;
      if (available > 0) {
        const piece = this.#socket.read(Math.min(available, buffer.length));
        buffer.set(piece);
        return piece.length;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#socket.readableEnded) return null;
      if (this.#socket.destroyed) throw new Deno.errors.BadResource("closed");
      // Node tells of an end, or of more data, only where it is asked for.
      this.#socket.read(0);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  write(data: Uint8Array): Promise<number> {
    // The buffer is the caller's again once this resolves.
    return new Promise((resolve, reject) =>
      this.#socket.write(
        data,
        (error) => error ? reject(error) : resolve(data.length),
      )
    );
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  setNoDelay(noDelay?: boolean): void {
    this.#socket.setNoDelay(noDelay);
  }
}

function netAddress(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: canonicalAddress(hostname), port };
}
