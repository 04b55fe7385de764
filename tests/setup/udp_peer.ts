/**
 * UDP peers whose behaviour a test defines.
 *
 * @module
 */
import { close } from "../../net/close.ts";

/** A UDP server that calls a test's handler for each datagram. */
export class UdpPeer implements AsyncDisposable {
  /** Where it is bound. */
  readonly port: number;
  /** Datagrams received so far. */
  received = 0;
  readonly #socket: Deno.DatagramConn;
  readonly #done: Promise<void>;

  /** @param handle What to do with a datagram, its number counted from 1. */
  constructor(
    handle: (
      datagram: Uint8Array,
      answer: (data: Uint8Array) => Promise<unknown>,
      number: number,
      from: Deno.NetAddr,
    ) => unknown,
  ) {
    this.#socket = Deno.listenDatagram({
      transport: "udp",
      hostname: "127.0.0.1",
      port: 0,
    });
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#done = this.#run(handle);
  }

  async #run(handle: ConstructorParameters<typeof UdpPeer>[0]): Promise<void> {
    for await (const [datagram, from] of this.#socket) {
      this.received++;
      await handle(
        datagram,
        (data) => this.#socket.send(data, from),
        this.received,
        from as Deno.NetAddr,
      );
    }
  }

  /** Closes its socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#socket);
    await this.#done.catch(() => {});
  }
}

/** A UDP socket on the loopback. */
export class UdpSocket implements Disposable {
  readonly #socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });

  /** Where it is bound. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Sends a datagram to a port of the loopback. */
  async send(data: Uint8Array, port: number): Promise<void> {
    await this.#socket.send(data, {
      transport: "udp",
      hostname: "127.0.0.1",
      port,
    });
  }

  /** The next datagram. */
  async receive(): Promise<Uint8Array> {
    return (await this.#socket.receive(new Uint8Array(65_536)))[0];
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
