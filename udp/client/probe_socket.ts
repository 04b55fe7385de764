/**
 * One socket of a measuring run over UDP.
 *
 * @module
 */
import type {
  ClientObserver,
  Failure,
  LostEvent,
  ReceivedEvent,
  SentEvent,
  StrayEvent,
  UdpService,
} from "../../events/mod.ts";
import { HEADER_SIZE } from "../../measure/messages.ts";
import { type PacedFlow, Pacer } from "../../measure/pacer.ts";
import type { Flow, FlowOptions } from "../../measure/flow.ts";
import type { Tally } from "../../measure/tally.ts";
import { canonicalAddress } from "../../net/address.ts";
import { Backoff, pause } from "../../net/backoff.ts";
import { between, now } from "../../net/clock.ts";
import { close } from "../../net/close.ts";
import { describeError } from "../../net/errors.ts";
import { RECEIVE_BUFFER_SIZE } from "../datagram.ts";
import { type Reply, ReplyTracker } from "./reply_tracker.ts";
import type { StampSession } from "./stamp_session.ts";

/** The smallest datagram to measure with: its header tells it apart from all others. */
export const SMALLEST_MEASURED: number = HEADER_SIZE;

/** Options of a socket of a run. */
export interface ProbeOptions extends FlowOptions {
  /** The peer. */
  target: Deno.NetAddr;
  /** What the peer does with a datagram. */
  service: UdpService;
  /** The session of STAMP, with the service `stamp`. */
  session?: StampSession;
  /** There are so many sockets that they could starve each other. */
  isOneOfMany: boolean;
  /** Called for each message. */
  onEvent?: ClientObserver<SentEvent | ReceivedEvent | LostEvent | StrayEvent>;
}

/**
 * How long the end waits for duplicates and late answers: at least, in
 * milliseconds; in longest delays; and at most, in milliseconds, where late
 * answers may come and where only duplicates may.
 */
const LINGER = 50;
const LINGER_DELAYS = 2;
const LONGEST_LINGER = 2000;
const LONGEST_LINGER_FOR_DUPLICATES = 500;

/** The most questions at the end: how many a reflector has numbered. */
const MOST_QUESTIONS = 3;

const STRAY_REASONS: Partial<Record<Reply, StrayEvent["reason"]>> = {
  "late": "late",
  "duplicate": "duplicate",
  "corrupted": "corrupted",
  "oversized": "oversized",
  "unrecognized": "corrupted",
};

/** Sends datagrams from a socket, and passes what it receives to its tracker. */
export class ProbeSocket implements Flow, PacedFlow {
  readonly #socket: Deno.DatagramConn;
  readonly #options: ProbeOptions;
  readonly #tracker: ReplyTracker;
  readonly #pacer: Pacer;
  /** The peer's address in canonical form, and as the system last spelled it. */
  readonly #address: string;
  #known: string | undefined;
  readonly #receiveBuffer = new Uint8Array(RECEIVE_BUFFER_SIZE);
  /** The latest datagram; its buffer has room for the largest. */
  #datagram: Uint8Array<ArrayBuffer>;
  readonly #closed = new AbortController();
  /** Resolves once the system has the port back: only after the last receive. */
  readonly #released: PromiseWithResolvers<void> = Promise.withResolvers();
  #sending = false;
  readonly #sendBackoff = new Backoff(10, 1000);
  readonly #receiveBackoff = new Backoff(1, 1000);

  constructor(socket: Deno.DatagramConn, options: ProbeOptions) {
    const { messages, service, index, brake, session } = options;
    this.#socket = socket;
    this.#options = options;
    this.#tracker = new ReplyTracker(messages, service, index, session);
    this.#pacer = new Pacer(this, brake);
    this.#address = canonicalAddress(options.target.hostname);
    this.#datagram = new Uint8Array(messages.sizes.most);
    this.#receive();
  }

  /** Why it ended early. */
  get failure(): Failure | undefined {
    return this.#pacer.failure;
  }

  /** Messages in flight, one that is being sent included. */
  get inFlight(): number {
    return this.#tracker.inFlight + Number(this.#sending);
  }

  /** The size of the next message, in bytes. */
  get nextSize(): number {
    return this.#options.messages.size(this.#tracker.next);
  }

  /** When the oldest message in flight was sent. */
  get waitingSince(): number | undefined {
    return this.#tracker.oldestSentAt();
  }

  /** Messages given up and not answered since; late answers may still come. */
  get unanswered(): number {
    return this.#tracker.unanswered;
  }

  /** Variation of the delay (RFC 3550, section 6.4.1), in microseconds. */
  get jitter(): number | undefined {
    return this.#tracker.jitter;
  }

  run(tally: Tally): Promise<void> {
    this.#tracker.begin(tally);
    return this.#pacer.begin(tally);
  }

  stop(): void {
    this.#pacer.stop();
  }

  get isOverdue(): boolean {
    const since = this.waitingSince;
    return since !== undefined && this.#isOverdue(since);
  }

  readonly #isOverdue = (sentAt: number): boolean =>
    this.#options.clock.waited(sentAt) >= this.#options.timeout * 1000;

  /** Gives up the messages that are overdue. */
  giveUp(): void {
    for (const { sequence, sentAt } of this.#tracker.giveUp(this.#isOverdue)) {
      const waited_us = between(sentAt, now());
      this.#emit({ event: "lost", sequence, waited_us });
    }
    this.pump();
  }

  fail(failure: Failure): void {
    this.#pacer.fail(failure);
    this.#close();
  }

  /** Waits for duplicates and late answers, then closes. */
  async finish(): Promise<void> {
    const { service, session, timeout } = this.#options;
    const isAnswered = service === "echo" || session !== undefined;
    const start = now();
    const left = () => {
      const { unanswered, longestDelay } = this.#tracker;
      const enough = Math.max(LINGER, LINGER_DELAYS * longestDelay / 1000);
      const wait = unanswered > 0
        // A late answer may take as long again as the timeout.
        ? Math.min(Math.max(enough, timeout), LONGEST_LINGER)
        : Math.min(enough, LONGEST_LINGER_FOR_DUPLICATES);
      return wait - (now() - start) / 1000;
    };
    let questions = 0;
    for (
      let wait = left();
      isAnswered && wait > 0 && !this.#closed.signal.aborted;
      wait = left()
    ) {
      if (session?.hasOpenQuestion && questions < MOST_QUESTIONS) {
        questions++;
        this.#socket.send(session.makeQuestion(), this.#options.target)
          .catch((error) => this.#pacer.tally!.failed(describeError(error)));
      }
      await pause(Math.min(wait, LINGER), this.#closed.signal);
    }
    for (const _ of this.#tracker.giveUp(() => false));
    session?.finish();
    this.#close();
    await this.#released.promise;
  }

  #close(): void {
    this.#closed.abort();
    close(this.#socket);
  }

  /*
   * The hot path, from here to #take(): for each message one send, one receive
   * and the promises of both. All messages are made in one buffer, and no answer
   * is kept.
   */

  pump(time = now()): void {
    if (this.#sending) return;
    const { pipeline, messages, session, target, index } = this.#options;
    const hasRoom = this.#tracker.inFlight < pipeline && this.#tracker.hasRoom;
    const due = this.#pacer.next(time, hasRoom);
    if (due === undefined) return;
    const sequence = this.#tracker.next;
    const size = messages.size(sequence);
    if (!session) {
      if (this.#datagram.length !== size) {
        this.#datagram = new Uint8Array(this.#datagram.buffer, 0, size);
      }
      messages.fill(this.#datagram, 0, sequence, 0, size);
    }
    const at = now();
    const datagram = session?.make(sequence, this.#tracker.oldest, at) ??
      this.#datagram;
    this.#tracker.send(due, at);
    this.#pacer.tally!.sent(index, due, at, this.#pacer.wasHeld(due));
    if (this.#options.onEvent) {
      this.#emit({ event: "sent", sequence, bytes: size });
    }
    this.#sending = true;
    this.#socket.send(datagram, target)
      .then(this.#onSent, this.#onSendFailed);
  }

  readonly #onSent = (length: number): void => {
    this.#sending = false;
    this.#pacer.tally!.sentBytes(length);
    this.#sendBackoff.reset();
    this.pump();
  };

  readonly #onSendFailed = async (error: unknown): Promise<void> => {
    if (this.failure) return;
    this.#pacer.tally!.failed(describeError(error));
    this.#tracker.unsend();
    // In a closed loop, messages would otherwise fail as fast as they can.
    if (!this.#pacer.tally!.schedule.isPaced) {
      await pause(this.#sendBackoff.next(), this.#closed.signal);
    }
    this.#sending = false;
    this.pump();
  };

  #receive(): void {
    this.#socket.receive(this.#receiveBuffer)
      .then(this.#onReceived, this.#onReceiveFailed);
  }

  readonly #onReceived = (
    [datagram, address]: [Uint8Array, Deno.Addr],
  ): void => {
    const at = now();
    this.#receiveBackoff.reset();
    // Nothing is expected before the first phase.
    if (this.#pacer.tally !== undefined) {
      this.#take(datagram, address as Deno.NetAddr, at);
    }
    // The answer to the next message may arrive at once. Receiving after the send
    // saves a lone flow a turn of the event loop; among many, it would let one flow
    // go on ahead of others whose answers wait.
    if (this.#options.isOneOfMany) this.#receive();
    this.pump(at);
    if (!this.#options.isOneOfMany) this.#receive();
  };

  readonly #onReceiveFailed = async (error: unknown): Promise<void> => {
    if (this.#closed.signal.aborted) return this.#released.resolve();
    // Windows reports here that nobody listens at the peer's port.
    this.#pacer.tally?.failed(describeError(error));
    await pause(this.#receiveBackoff.next(), this.#closed.signal);
    if (this.#closed.signal.aborted) return this.#released.resolve();
    this.#receive();
  };

  #take(datagram: Uint8Array, peer: Deno.NetAddr, at: number): void {
    if (!this.#isTarget(peer)) {
      this.#pacer.tally!.strayed();
      return this.#emitStray(datagram, peer, "other-address");
    }
    if (this.#options.session?.takeAnswer(datagram)) return;
    const reply = this.#tracker.receive(datagram, at);
    if (this.#options.onEvent) this.#emitReply(reply, datagram, peer);
  }

  #isTarget({ hostname, port }: Deno.NetAddr): boolean {
    if (port !== this.#options.target.port) return false;
    // The last spelling is cached: each datagram comes with a new string.
    if (hostname === this.#known) return true;
    if (canonicalAddress(hostname) !== this.#address) return false;
    this.#known = hostname;
    return true;
  }

  #emitReply(reply: Reply, datagram: Uint8Array, peer: Deno.NetAddr): void {
    const { sequence, delay } = this.#tracker;
    const bytes = datagram.length;
    if (reply === "answer") {
      this.#emit({ event: "received", sequence, bytes, rtt_us: delay });
    }
    const reason = STRAY_REASONS[reply];
    if (reason !== undefined) this.#emitStray(datagram, peer, reason);
  }

  #emitStray(
    datagram: Uint8Array,
    peer: Deno.NetAddr,
    reason: StrayEvent["reason"],
  ): void {
    this.#emit({
      event: "stray",
      peer_host: peer.hostname,
      peer_port: peer.port,
      bytes: datagram.length,
      reason,
    });
  }

  #emit(event: SentEvent | ReceivedEvent | LostEvent | StrayEvent): void {
    this.#pacer.await(this.#options.onEvent?.(event));
  }
}
