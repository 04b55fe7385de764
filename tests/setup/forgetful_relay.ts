/**
 * A relay that forgets idle connections, as a NAT or a firewall does.
 *
 * @module
 */
import { once } from "node:events";
import {
  type AddressInfo,
  connect,
  createServer,
  type Server,
  type Socket,
} from "node:net";

/** What a relay does with a connection that it has forgotten. */
export interface ForgetfulRelayOptions {
  /** Where the server is. */
  port: number;
  /** Milliseconds without a byte after which a connection is forgotten. */
  life: number;
  /**
   * What becomes of what is sent on it afterwards: it vanishes, or is answered by
   * a reset; or the connection is reset when it is forgotten.
   */
  then: "vanish" | "reset" | "reset-at-once";
}

/** A relay for connections; each is forgotten after a time without a byte. */
export class ForgetfulRelay implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Starts one. */
  static async start(options: ForgetfulRelayOptions): Promise<ForgetfulRelay> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (client) => {
      const peer = connect({
        port: options.port,
        host: "127.0.0.1",
        noDelay: true,
      });
      sockets.add(client).add(peer);
      relay(client, peer, options);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ForgetfulRelay(server, sockets);
  }

  /** Closes the listener and every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function relay(
  client: Socket,
  server: Socket,
  { life, then }: ForgetfulRelayOptions,
): void {
  let movedAt = performance.now();
  let isForgotten = false;
  const timer = then === "reset-at-once"
    ? setTimeout(() => client.resetAndDestroy(), life)
    : undefined;
  for (const [from, to] of [[client, server], [server, client]]) {
    from.on("data", (piece) => {
      isForgotten ||= performance.now() - movedAt > life;
      if (!isForgotten) {
        movedAt = performance.now();
        timer?.refresh();
        to.write(piece);
      } else if (then !== "vanish") client.resetAndDestroy();
    });
    from.on("end", () => isForgotten || to.end());
    from.on("error", () => {});
    from.on("close", () => {
      clearTimeout(timer);
      to.destroy();
    });
  }
}
