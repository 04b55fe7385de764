/**
 * A STAMP reflector whose behaviour a test defines: how it numbers, what its clock
 * says, and how long it takes.
 *
 * @module
 */
import { close } from "../../net/close.ts";
import { Authentication } from "../../udp/stamp/authentication.ts";
import type { ErrorEstimate } from "../../udp/stamp/error_estimate.ts";
import {
  decodeSenderPacket,
  encodeReflectorPacket,
  LAYOUTS,
  type ReflectorPacket,
} from "../../udp/stamp/packet.ts";
import type { Timestamp } from "../../udp/stamp/timestamp.ts";

/** What a reflector does; the packets are counted from 1. */
export interface StampPeerOptions {
  /** The number of an answer; by default it counts them. */
  number?: (packet: number, senderSequence: number) => number;
  /** Milliseconds from receiving a packet to answering. */
  hold?: (packet: number) => number;
  /** Milliseconds by which its clock is ahead when it receives a packet. */
  ahead?: (packet: number) => number;
  /** What it says about its clock. */
  errorEstimate?: ErrorEstimate;
  /** The key of authenticated mode. */
  key?: Uint8Array;
  /** Changes an answer before it is sent. */
  change?: (answer: Uint8Array, packet: number) => Uint8Array;
}

/** A STAMP reflector of a test. */
export class StampPeer implements Disposable {
  /** Where it is bound. */
  readonly port: number;
  /** The sequence numbers of what it received. */
  readonly sequences: number[] = [];
  readonly #options: StampPeerOptions;
  readonly #authentication: Authentication | undefined;
  readonly #socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });

  constructor(options: StampPeerOptions = {}) {
    this.#options = options;
    this.#authentication = options.key && new Authentication(options.key);
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#run();
  }

  async #run(): Promise<void> {
    for await (const [datagram, from] of this.#socket) {
      this.#reflect(datagram.slice(), from);
    }
  }

  async #reflect(datagram: Uint8Array, from: Deno.Addr): Promise<void> {
    const { number, hold, ahead, errorEstimate, change } = this.#options;
    const mode = this.#authentication ? "authenticated" : "unauthenticated";
    const asked = decodeSenderPacket(datagram, mode)!;
    this.sequences.push(asked.sequence);
    const packet = this.sequences.length;
    const time = (): Timestamp => {
      const milliseconds = performance.timeOrigin + performance.now() +
        (ahead?.(packet) ?? 0);
      const seconds = Math.floor(milliseconds / 1000);
      return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 };
    };
    const receiveTimestamp = time();
    const sequence = number?.(packet, asked.sequence) ?? packet - 1;
    const wait = hold?.(packet) ?? 0;
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    const answer: ReflectorPacket = {
      sequence,
      timestamp: time(),
      errorEstimate: errorEstimate ??
        { synchronized: false, format: "NTP", scale: 20, multiplier: 1 },
      ssid: asked.ssid,
      receiveTimestamp,
      senderSequence: asked.sequence,
      senderTimestamp: asked.timestamp,
      senderErrorEstimate: asked.errorEstimate,
      extensions: asked.extensions,
    };
    const bytes = encodeReflectorPacket(answer, undefined, mode);
    // As it came, to the last bit.
    const { timestamp, senderTimestamp } = LAYOUTS[mode];
    bytes.set(datagram.subarray(timestamp, timestamp + 8), senderTimestamp);
    this.#authentication?.sign(bytes);
    await this.#socket.send(change?.(bytes, packet) ?? bytes, from)
      .catch(() => {});
  }

  /** Closes its socket. */
  [Symbol.dispose](): void {
    close(this.#socket);
  }
}
