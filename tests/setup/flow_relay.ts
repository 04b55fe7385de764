/**
 * A relay for any number of UDP clients that impairs chosen ones: what a bonded link
 * or equal-cost paths do to the flows of one member.
 *
 * @module
 */
import { close } from "../../net/close.ts";
import { bindAnyPort, type Faults, UdpWay } from "./relay.ts";

/** One client's flow through the relay. */
interface Path {
  out: UdpWay;
  back: UdpWay;
  inside: Deno.DatagramConn;
}

/** A relay that impairs the flows of chosen source ports. */
export class FlowRelay implements Disposable {
  /** Where it is bound. */
  readonly port: number;
  readonly #outside = bindAnyPort();
  readonly #server: Deno.NetAddr;
  readonly #faultsOf: (port: number) => Faults | undefined;
  readonly #paths: Map<number, Path> = new Map();

  /**
   * @param server The server's port.
   * @param faultsOf What to do with the messages from a source port.
   */
  constructor(server: number, faultsOf: (port: number) => Faults | undefined) {
    this.port = (this.#outside.addr as Deno.NetAddr).port;
    this.#server = { transport: "udp", hostname: "127.0.0.1", port: server };
    this.#faultsOf = faultsOf;
    this.#forward();
  }

  async #forward(): Promise<void> {
    for await (const [datagram, from] of this.#outside) {
      const client = from as Deno.NetAddr;
      let path = this.#paths.get(client.port);
      if (path === undefined) {
        this.#paths.set(client.port, path = this.#open(client));
      }
      path.out.take(datagram.slice());
    }
  }

  #open(client: Deno.NetAddr): Path {
    const inside = bindAnyPort();
    // The test may have ended meanwhile.
    const out = new UdpWay(
      this.#faultsOf(client.port) ?? {},
      (datagram) => void inside.send(datagram, this.#server).catch(() => {}),
    );
    const back = new UdpWay(
      {},
      (datagram) => void this.#outside.send(datagram, client).catch(() => {}),
    );
    this.#backward(inside, back);
    return { out, back, inside };
  }

  async #backward(inside: Deno.DatagramConn, back: UdpWay): Promise<void> {
    for await (const [datagram] of inside) back.take(datagram.slice());
  }

  /** Closes its sockets. */
  [Symbol.dispose](): void {
    close(this.#outside);
    for (const { out, back, inside } of this.#paths.values()) {
      out.close();
      back.close();
      close(inside);
    }
  }
}
