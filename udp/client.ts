/**
 * The UDP client: socket, send, receive, close.
 *
 * @module
 */
import { between, now, since } from "../measure/clock.ts";
import { describeDifference, firstDifference } from "../measure/echo_check.ts";
import { paced, type PaceOptions } from "../measure/pace.ts";
import { MessageSource, type Payload } from "../measure/payload.ts";
import { expectsLoss, verdict } from "../measure/expectations.ts";
import { Histogram } from "../measure/histogram.ts";
import { RoundTrips } from "../measure/round_trips.ts";
import { canonicalAddress } from "../net/address.ts";
import { Backoff, pause } from "../net/backoff.ts";
import { close } from "../net/close.ts";
import {
  cannotListen,
  describeError,
  EchosounderError,
} from "../net/errors.ts";
import type {
  ClientObserver,
  Difference,
  Expectation,
  Failure,
  StrayEvent,
  UdpClientEvent,
  UdpResultEvent,
} from "../net/events.ts";
import { type AddressFamily, resolveHost } from "../net/resolve.ts";
import { LARGEST_DATAGRAM, RECEIVE_BUFFER_SIZE } from "./datagram.ts";

/** Options of {@linkcode echoUdp}. */
export interface EchoUdpOptions extends PaceOptions {
  /** The peer: a name, an IPv4 address, or an IPv6 address without brackets. */
  hostname: string;
  /** The peer's port. @default {7000} */
  port?: number;
  /** Take addresses of this family only. */
  family?: AddressFamily;
  /**
   * What the datagrams carry. Where they are all alike, each goes out from a
   * port of its own, so that a late answer to an earlier one cannot pass for
   * the answer to this one.
   */
  payload: Payload;
  /** Milliseconds to wait for an answer. @default {5000} */
  timeout?: number;
  /** Milliseconds for which the first datagram is sent again until it is answered. @default {0} */
  retryFor?: number;
  /** What the run is expected to come to. */
  expectations?: readonly Expectation[];
  /** Is told what happens. */
  onEvent?: ClientObserver<UdpClientEvent>;
}

/** A datagram that waits for its answer. */
interface Question {
  sequence: number;
  bytes: Uint8Array;
  answered: PromiseWithResolvers<Answer>;
}

/** What came back: when, and whether it was what was sent. */
interface Answer {
  at: number;
  difference: Difference | undefined;
}

/** Asks one peer, one datagram at a time, and sorts what comes back. */
class Asker {
  late = 0;
  duplicates = 0;
  strays = 0;
  bytesSent = 0;
  bytesReceived = 0;

  readonly #target: Deno.NetAddr;
  readonly #source: MessageSource;
  readonly #onEvent: EchoUdpOptions["onEvent"];
  readonly #buffer = new Uint8Array(RECEIVE_BUFFER_SIZE);
  #socket: Deno.DatagramConn;
  #question: Question | undefined;
  readonly #closed = new AbortController();
  /** The target's address in the spelling that is compared. */
  readonly #address: string;
  /** How many answers to each question are still to come late. */
  readonly #owed = new Map<number, number>();

  constructor(
    target: Deno.NetAddr,
    source: MessageSource,
    onEvent: EchoUdpOptions["onEvent"],
  ) {
    this.#target = target;
    this.#address = canonicalAddress(target.hostname);
    this.#source = source;
    this.#onEvent = onEvent;
    this.#socket = this.#open();
    this.#receiveAll();
  }

  #open(): Deno.DatagramConn {
    const hostname = this.#target.hostname.includes(":") ? "::" : "0.0.0.0";
    try {
      return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    } catch (error) {
      throw cannotListen(hostname, 0, error);
    }
  }

  /** Takes a message as the one to be answered from now on. */
  ask(sequence: number, bytes: Uint8Array): Promise<Answer> {
    if (!this.#source.distinct && sequence > 1) {
      close(this.#socket);
      this.#socket = this.#open();
      this.#receiveAll();
    }
    this.#question = { sequence, bytes, answered: Promise.withResolvers() };
    return this.#question.answered.promise;
  }

  /** Sends the message that is to be answered, also again. */
  async send(): Promise<void> {
    const { sequence, bytes } = this.#question!;
    this.#owed.set(sequence, (this.#owed.get(sequence) ?? 0) + 1);
    this.bytesSent += await this.#socket.send(bytes, this.#target);
  }

  /** Stops waiting for the answer: it is late from now on. */
  giveUp(): void {
    this.#question = undefined;
  }

  /** Closes the socket. */
  free(): void {
    this.#closed.abort();
    close(this.#socket);
  }

  async #receiveAll(): Promise<void> {
    const socket = this.#socket;
    const backoff = new Backoff(1, 1000);
    while (socket === this.#socket && !this.#closed.signal.aborted) {
      let datagram: Uint8Array;
      let peer: Deno.Addr;
      try {
        [datagram, peer] = await socket.receive(this.#buffer);
      } catch {
        // Closed, or Windows reports that nobody listens at the port that was
        // asked: that may pass, and the wait for the answer has its own limit.
        await pause(backoff.next(), this.#closed.signal);
        continue;
      }
      backoff.reset();
      await this.#sort(datagram, peer as Deno.NetAddr);
    }
  }

  async #sort(datagram: Uint8Array, peer: Deno.NetAddr): Promise<void> {
    if (!this.#isTarget(peer)) {
      return await this.#stray(datagram, peer, "other-address");
    }
    this.bytesReceived += datagram.length;
    const question = this.#question;
    const at = now();
    const difference = question && firstDifference(question.bytes, datagram);
    const answers = question !== undefined && difference === undefined;
    const sequence = answers
      ? question.sequence
      : this.#source.sequenceOf(datagram);
    if (answers || question !== undefined && sequence === undefined) {
      this.#question = undefined;
      this.#settle(question.sequence);
      question.answered.resolve({ at, difference });
    } else if (sequence === undefined) {
      await this.#stray(datagram, peer, "unexpected");
    } else {
      await this.#stray(
        datagram,
        peer,
        this.#settle(sequence) ? "late" : "duplicate",
      );
    }
  }

  #isTarget({ hostname, port }: Deno.NetAddr): boolean {
    return port === this.#target.port &&
      canonicalAddress(hostname) === this.#address;
  }

  /** Takes an owed answer off the list; `false` where none was owed. */
  #settle(sequence: number): boolean {
    const owed = this.#owed.get(sequence) ?? 0;
    if (owed > 1) this.#owed.set(sequence, owed - 1);
    else this.#owed.delete(sequence);
    return owed > 0;
  }

  async #stray(
    datagram: Uint8Array,
    peer: Deno.NetAddr,
    reason: StrayEvent["reason"],
  ): Promise<void> {
    if (reason === "late") this.late++;
    else if (reason === "duplicate") this.duplicates++;
    else this.strays++;
    await this.#onEvent?.({
      event: "stray",
      peer_host: peer.hostname,
      peer_port: peer.port,
      bytes: datagram.length,
      reason,
    });
  }
}

/** Resolves the peer's name, and checks that a datagram can carry the payload there. */
async function findTarget(
  options: EchoUdpOptions,
  size: number,
): Promise<Deno.NetAddr> {
  const { hostname, port = 7000, family, signal } = options;
  const addresses = await resolveHost(hostname, { family, signal });
  // There is no connecting by which to find out which address answers, and
  // servers bind IPv4 unless told otherwise.
  const target = addresses.find((each) => each.family === 4) ?? addresses[0];
  const largest = LARGEST_DATAGRAM[target.family];
  if (size > largest) {
    throw new EchosounderError(
      "invalid-option",
      `${size} bytes do not fit into a datagram: over IPv${target.family}, ${largest} do`,
    );
  }
  return { transport: "udp", hostname: target.address, port };
}

/**
 * Sends datagrams one after the other, waits for the answer to each, and checks
 * that it is what was sent. An answer counts only if it comes from the address
 * that was asked and carries what was asked; what else comes is told and counted.
 *
 * @returns What it came to, also where the check failed (`passed`, `failure`).
 * @throws {EchosounderError} `cannot-resolve`, `stopped` before anything was
 * sent, `cannot-listen` when the system gives no socket, and `invalid-option`
 * for more bytes than a datagram can carry.
 *
 * @example
 * ```ts
 * import { echoUdp, serveUdp } from "./mod.ts";
 *
 * await using server = serveUdp({ hostname: "127.0.0.1", port: 0 });
 * const result = await echoUdp({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   payload: { size: 1400 },
 *   count: 10,
 * });
 * console.log(result.messages_received, result.lost);
 * ```
 */
export async function echoUdp(
  options: EchoUdpOptions,
): Promise<UdpResultEvent> {
  const { payload, timeout = 5000, retryFor = 0, expectations = [] } = options;
  const { signal, onEvent } = options;
  const source = new MessageSource(payload);
  const isMeasuring = [options.count, options.duration, options.interval]
    .some((given) => given !== undefined);
  const trips = new RoundTrips(
    isMeasuring ? await Histogram.create() : undefined,
  );
  const asker = new Asker(
    await findTarget(options, source.size),
    source,
    onEvent,
  );
  const started = now();
  let messagesSent = 0;
  let messagesReceived = 0;
  let lost = 0;
  let failure: Failure | undefined;

  /** Sends the message that is to be answered, again and again at first, and waits. */
  async function exchange(
    answer: Promise<Answer>,
  ): Promise<Answer & { rtt?: number } | undefined> {
    const backoff = new Backoff(200, 1000);
    for (let tries = 1; !signal?.aborted; tries++) {
      const sentAt = now();
      const unsent = await asker.send().then(() => undefined, describeError);
      const more = messagesReceived === 0 && since(started) / 1000 < retryFor;
      if (unsent !== undefined && !more) {
        failure = { code: "failed", message: `cannot send: ${unsent}` };
        return undefined;
      }
      const patience = more ? backoff.next() : timeout;
      const got = await within(answer, patience, signal);
      // An answer after several sendings may be to any of them (Karn's rule).
      if (got !== undefined) {
        return tries > 1 ? got : { ...got, rtt: between(sentAt, got.at) };
      }
      if (!more) break;
      const detail = unsent ?? "no answer";
      await onEvent?.({ event: "retry", detail, retry_us: patience * 1000 });
    }
    asker.giveUp();
    return undefined;
  }

  try {
    for await (const sequence of paced(options)) {
      const bytes = source.message(sequence);
      const asked = now();
      const answer = await exchange(asker.ask(sequence, bytes));
      if (failure !== undefined) break;
      messagesSent++;
      // Told after the round trip, so that telling takes no part in it.
      await onEvent?.({ event: "sent", sequence, bytes: bytes.length });
      if (signal?.aborted) break;
      if (answer === undefined) {
        lost++;
        await onEvent?.({ event: "lost", sequence, waited_us: since(asked) });
        continue;
      }
      const { difference, rtt } = answer;
      if (difference !== undefined) {
        const message = `the echo differs: ${describeDifference(difference)}`;
        failure = { code: "difference", message, difference };
        break;
      }
      messagesReceived++;
      if (rtt !== undefined) trips.record(rtt);
      await onEvent?.({
        event: "received",
        sequence,
        bytes: bytes.length,
        rtt_us: rtt,
        data: payload instanceof Uint8Array ? bytes : undefined,
      });
    }
  } finally {
    asker.free();
  }

  if (signal?.aborted) {
    failure ??= { code: "stopped", message: "stopped before the end" };
  }
  failure ??= judge(messagesSent, lost, timeout, expectsLoss(expectations));
  const figures = {
    messages_sent: messagesSent,
    messages_received: messagesReceived,
    bytes_sent: asker.bytesSent,
    bytes_received: asker.bytesReceived,
    duration_us: since(started),
    rtt_us: trips.summary(),
    lost,
    late: asker.late,
    duplicates: asker.duplicates,
    strays: asker.strays,
  };
  const result: UdpResultEvent = {
    event: "result",
    ...verdict(figures, failure, expectations),
    ...figures,
  };
  await onEvent?.(result);
  return result;
}

/** What was promised, if it comes in time. */
async function within<T>(
  promise: Promise<T>,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const enough = new AbortController();
  const quit = AbortSignal.any(
    signal ? [signal, enough.signal] : [enough.signal],
  );
  try {
    return await Promise.race([
      promise,
      pause(milliseconds, quit).then(() => undefined),
    ]);
  } finally {
    enough.abort();
  }
}

function judge(
  sent: number,
  lost: number,
  timeout: number,
  lossIsExpected: boolean,
): Failure | undefined {
  if (lost > 0 && lost === sent) {
    return {
      code: "no-answer",
      message: `no answer for ${timeout} ms, ${lost} of ${sent} lost`,
    };
  }
  if (lost === 0 || lossIsExpected) return undefined;
  return {
    code: "loss",
    message: `${lost} of ${sent} datagrams were not answered`,
  };
}
