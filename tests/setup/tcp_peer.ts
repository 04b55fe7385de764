/**
 * TCP peers whose behaviour a test defines.
 *
 * @module
 */
import { once } from "node:events";
import { connect } from "node:net";
import { close } from "../../net/close.ts";

/**
 * A client that sends, waits for the first of its echo, and breaks the
 * connection off by a reset. Deno's own sockets cannot.
 */
export async function sendAndReset(
  port: number,
  data: Uint8Array,
): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(data);
  await once(socket, "data");
  socket.resetAndDestroy();
  await once(socket, "close");
}

/** A TCP server that calls a test's handler for each client. */
export class TcpPeer implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.TcpConn[] = [];
  readonly #done: Promise<void>;

  /** @param handle What to do with a client; it is closed at the end. */
  constructor(handle: (conn: Deno.TcpConn) => Promise<unknown>) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#done = this.#run(handle);
  }

  async #run(handle: (conn: Deno.TcpConn) => Promise<unknown>): Promise<void> {
    const clients: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      this.#conns.push(conn);
      clients.push(
        handle(conn).catch(() => {}).then(() => close(conn)),
      );
    }
    await Promise.all(clients);
  }

  /** Closes the listener and every client. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#conns.forEach(close);
    await this.#done;
  }
}
