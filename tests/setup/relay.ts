/**
 * Relays between a client and an echo server that impair the path as a test asks:
 * they delay, lose, duplicate, reorder, corrupt, and stall.
 *
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import { close } from "../../net/close.ts";
import { writeAll } from "./bytes.ts";

/** What is in flight through a relay, and when it may leave. */
interface Held {
  at: number;
  deliver: () => void;
}

/**
 * Milliseconds between any two datagrams: closer together, they would overflow the
 * receiver's buffer after a stall, and some would be lost.
 */
const SPACING = 0.06;

/**
 * Delivers at the due time, to some tens of microseconds: the system's timers
 * alone would add a millisecond or two.
 */
class Gate {
  readonly #held: Held[] = [];
  #turn: ReturnType<typeof setImmediate> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #openFrom = 0;
  readonly #spacing: number;

  /** @param spacing Milliseconds from one delivery to the next, at least. */
  constructor(spacing: number) {
    this.#spacing = spacing;
  }

  /** Holds everything back for so many milliseconds from now on. */
  stall(milliseconds: number): void {
    this.#openFrom = performance.now() + milliseconds;
  }

  /** Delivers something after so many milliseconds, and not while it is stalled. */
  pass(delay: number, deliver: () => void): void {
    this.#held.push({ at: performance.now() + delay, deliver });
    this.#held.sort((a, b) => a.at - b.at);
    this.#arm();
  }

  readonly #watch = () => {
    const time = performance.now();
    if (this.#opens(this.#held[0]) <= time) {
      this.#held.shift()!.deliver();
      this.#openFrom = Math.max(this.#openFrom, time + this.#spacing);
    }
    if (this.#held.length > 0) this.#arm();
  };

  #opens({ at }: Held): number {
    return Math.max(at, this.#openFrom);
  }

  #arm(): void {
    this.close();
    const left = this.#opens(this.#held[0]) - performance.now();
    if (left > 3) this.#timer = setTimeout(this.#watch, left - 3);
    else this.#turn = setImmediate(this.#watch);
  }

  /** Delivers nothing more. */
  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
  }
}

/** What a relay does with what passes it on one way; it is numbered from 1. */
export interface Faults {
  /** Milliseconds by which each is delayed, by its number. */
  delay?: (number: number) => number;
  /** UDP: numbers of those that are lost. */
  lose?: readonly number[];
  /** UDP: numbers of those that come twice. */
  double?: readonly number[];
  /** UDP: numbers of those that come after the one that follows them. */
  swap?: readonly number[];
  /** UDP: numbers of those in which a byte is changed, and which byte. */
  corrupt?: ReadonlyMap<number, number>;
  /** From which on everything is held back, and for how many milliseconds. */
  stall?: { from: number; milliseconds: number };
}

/** What a relay does with the answers, and over UDP with the messages. */
export interface RelayOptions extends Faults {
  /** Where the server is. */
  port: number;
  /** UDP: what it does with the messages on their way to the server. */
  out?: Faults;
}

/** One way through a relay for datagrams. */
export class UdpWay {
  readonly #faults: Faults;
  readonly #send: (datagram: Uint8Array) => void;
  readonly #gate = new Gate(SPACING);
  #number = 0;
  #swapped: Uint8Array | undefined;

  constructor(faults: Faults, send: (datagram: Uint8Array) => void) {
    this.#faults = faults;
    this.#send = send;
  }

  /** Takes the next datagram. */
  take(datagram: Uint8Array): void {
    const number = ++this.#number;
    const { lose, double, swap, corrupt, stall } = this.#faults;
    if (stall?.from === number) this.#gate.stall(stall.milliseconds);
    if (lose?.includes(number)) return;
    const place = corrupt?.get(number);
    if (place !== undefined) datagram[place] ^= 0xff;
    if (swap?.includes(number)) {
      this.#swapped = datagram;
      return;
    }
    this.#deliver(number, datagram);
    if (double?.includes(number)) this.#deliver(number, datagram);
    if (this.#swapped !== undefined) this.#deliver(number - 1, this.#swapped);
    this.#swapped = undefined;
  }

  #deliver(number: number, datagram: Uint8Array): void {
    const delay = this.#faults.delay?.(number) ?? 0;
    this.#gate.pass(delay, () => this.#send(datagram));
  }

  /** Delivers nothing more. */
  close(): void {
    this.#gate.close();
  }
}

/** A relay for datagrams of one client. */
export class UdpRelay implements Disposable {
  /** Where it is bound. */
  readonly port: number;
  readonly #inside = bindAnyPort();
  readonly #outside = bindAnyPort();
  readonly #out: UdpWay;
  readonly #back: UdpWay;
  #client: Deno.Addr | undefined;
  /** While it is, nothing passes. */
  isBroken = false;

  constructor(options: RelayOptions) {
    this.port = (this.#outside.addr as Deno.NetAddr).port;
    const server = {
      transport: "udp" as const,
      hostname: "127.0.0.1",
      port: options.port,
    };
    // The test may have ended meanwhile.
    this.#out = new UdpWay(
      options.out ?? {},
      (datagram) => void this.#inside.send(datagram, server).catch(() => {}),
    );
    this.#back = new UdpWay(
      options,
      (datagram) =>
        void this.#outside.send(datagram, this.#client!).catch(() => {}),
    );
    this.#forward();
    this.#backward();
  }

  async #forward(): Promise<void> {
    for await (const [datagram, from] of this.#outside) {
      this.#client = from;
      if (this.isBroken) continue;
      this.#out.take(datagram.slice());
    }
  }

  async #backward(): Promise<void> {
    for await (const [datagram] of this.#inside) {
      this.#back.take(datagram.slice());
    }
  }

  /** Closes its sockets. */
  [Symbol.dispose](): void {
    this.#out.close();
    this.#back.close();
    close(this.#inside);
    close(this.#outside);
  }
}

/** A socket on the loopback. */
export function bindAnyPort(): Deno.DatagramConn {
  return Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
}

/** A relay for connections; it counts what one read returns as one answer. */
export class TcpRelay implements Disposable {
  /** Where it listens. */
  readonly port: number;
  readonly #options: RelayOptions;
  readonly #gate = new Gate(0);
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.TcpConn[] = [];
  #answers = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#run();
  }

  async #run(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({
        hostname: "127.0.0.1",
        port: this.#options.port,
      });
      for (const conn of [client, server]) {
        conn.setNoDelay(true);
        this.#conns.push(conn);
      }
      this.#copy(client, server, (deliver) => deliver());
      this.#copy(server, client, (deliver) => this.#hold(deliver));
    }
  }

  #hold(deliver: () => void): void {
    const number = ++this.#answers;
    const { delay, stall } = this.#options;
    if (stall?.from === number) this.#gate.stall(stall.milliseconds);
    this.#gate.pass(delay?.(number) ?? 0, deliver);
  }

  async #copy(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    pass: (deliver: () => void) => void,
  ): Promise<void> {
    // One write after the other, in the order of delivery.
    let writing = Promise.resolve();
    const buffer = new Uint8Array(65_536);
    try {
      for (let length; (length = await from.read(buffer)) !== null;) {
        const piece = buffer.slice(0, length);
        pass(() => writing = writing.then(() => writeAll(to, piece)));
      }
      pass(() => writing = writing.then(() => to.closeWrite()));
    } catch {
      close(to);
    }
  }

  /** Closes the listener and every connection. */
  [Symbol.dispose](): void {
    this.#gate.close();
    close(this.#listener);
    this.#conns.forEach(close);
  }
}
