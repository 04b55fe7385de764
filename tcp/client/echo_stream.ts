/**
 * One connection of a measuring run against an echo server.
 *
 * @module
 */
import type {
  ClientObserver,
  Difference,
  DisconnectedEvent,
  Failure,
  ReceivedEvent,
  ReconnectedEvent,
  SentEvent,
} from "../../events/mod.ts";
import { describeDifference } from "../../measure/echo_check.ts";
import { InFlight } from "../../measure/in_flight.ts";
import type { Messages } from "../../measure/messages.ts";
import { type PacedFlow, Pacer } from "../../measure/pacer.ts";
import type { Flow, FlowOptions } from "../../measure/flow.ts";
import type { Tally } from "../../measure/tally.ts";
import { now, since } from "../../net/clock.ts";
import { close } from "../../net/close.ts";
import { describeError, isReset, systemCode } from "../../net/errors.ts";
import { formatExactDuration, plural } from "../../text/format.ts";
import type { Connection } from "./connection.ts";

/** Options of a connection of a run. */
export interface StreamOptions extends FlowOptions {
  /** Called for each message. */
  onEvent?: ClientObserver<SentEvent | ReceivedEvent>;
}

/** What an {@linkcode EchoStream} is given besides. */
export interface EchoStreamOptions extends StreamOptions {
  /** Makes a new connection where one breaks; without it, the flow ends. */
  reconnect?: Reconnect;
}

/** How a flow gets a new connection. */
export interface Reconnect {
  /** Tries until it is connected, or throws where the signal aborts. */
  connect(
    signal: AbortSignal,
  ): Promise<{ conn: Connection; attempts: number }>;
  /** Called where a connection breaks, and for the one in its place. */
  onEvent?: ClientObserver<DisconnectedEvent | ReconnectedEvent>;
}

/** What is done with the outcome of each call on a connection. */
interface Calls {
  read: (length: number | null) => void;
  readFailed: (error: unknown) => void;
  wrote: (length: number) => void;
  writeFailed: (error: unknown) => void;
}

/** The most bytes in flight: at this limit, the next message waits for answers. */
const WINDOW = 16 * 1024 * 1024;

const SMALLEST_BUFFER = 4096;
const LARGEST_BUFFER = 262_144;

/** Messages that a buffer has room for. */
const BUFFERED_MESSAGES = 64;

/** Sends messages on a connection, and compares the echo. */
export class EchoStream implements Flow, PacedFlow {
  #conn: Connection;
  /** What is done with the outcome of each call on it. */
  #calls: Calls;
  readonly #options: EchoStreamOptions;
  readonly #messages: Messages;
  readonly #pacer: Pacer;
  readonly #readBuffer: Uint8Array;
  readonly #writeBuffer: Uint8Array<ArrayBuffer>;
  /** The last view of the write buffer: the next one often has the same length. */
  #piece: Uint8Array<ArrayBuffer>;
  readonly #times = new InFlight();

  /** The next message to send and to receive, and the bytes of it already done. */
  #sending = 1;
  #sendingOffset = 0;
  #receiving = 1;
  #receivingOffset = 0;

  /** Bytes handed over to be sent on this connection, and bytes compared. */
  #handedOver = 0;
  #compared = 0;

  /** A write is pending, of the bytes between these places of the buffer. */
  #writing = false;
  #written = 0;
  #filled = 0;

  /** Connections made in place of broken ones. */
  reconnects = 0;
  /** It is between two connections, from this time on. */
  #disconnectedAt: number | undefined;
  readonly #finished = new AbortController();

  #halfClosed = false;
  #lastProgress = now();
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(conn: Connection, options: EchoStreamOptions) {
    this.#conn = conn;
    this.#calls = this.#callsOn(conn);
    this.#options = options;
    this.#messages = options.messages;
    this.#pacer = new Pacer(this, options.brake);
    const { most } = options.messages.sizes;
    const buffered = most * Math.min(options.pipeline, BUFFERED_MESSAGES);
    const length = Math.min(
      Math.max(buffered, SMALLEST_BUFFER),
      LARGEST_BUFFER,
    );
    this.#readBuffer = new Uint8Array(length);
    this.#piece = this.#writeBuffer = new Uint8Array(length);
    this.#receive();
  }

  /** Why it ended early. */
  get failure(): Failure | undefined {
    return this.#pacer.failure;
  }

  /** Messages in flight; one that is still being written counts, even if answered. */
  get inFlight(): number {
    return Math.max(this.#unanswered, Number(this.#writing));
  }

  /** Messages at least partly sent, and not answered. */
  get #unanswered(): number {
    return this.#sending - this.#receiving + Math.sign(this.#sendingOffset);
  }

  /** The size of the next message, in bytes. */
  get nextSize(): number {
    return this.#messages.size(this.#sending);
  }

  /** When the oldest message in flight was sent. */
  get waitingSince(): number | undefined {
    return this.#unanswered > 0
      ? this.#times.sentAt(this.#receiving)
      : undefined;
  }

  run(tally: Tally): Promise<void> {
    this.#lastProgress = now();
    return this.#pacer.begin(tally);
  }

  stop(): void {
    this.#pacer.stop();
  }

  get isOverdue(): boolean {
    const isExpecting = this.#outstanding > 0 || this.#halfClosed;
    const { clock, timeout } = this.#options;
    return isExpecting && this.failure === undefined &&
      this.#disconnectedAt === undefined &&
      clock.waited(this.#lastProgress) >= timeout * 1000;
  }

  giveUp(): void {
    const what = this.#outstanding > 0
      ? this.#describeOutstanding()
      : "everything came back, but the peer did not close";
    const patience = formatExactDuration(this.#options.timeout * 1000);
    this.#break({
      code: "no-answer",
      message: `no answer for ${patience}: ${what}`,
    });
  }

  fail(failure: Failure): void {
    this.#pacer.fail(failure);
    this.#finished.abort();
    close(this.#conn);
    this.#ended.resolve();
  }

  /** Ends it with its connection, or goes on with another one. */
  #break(failure: Failure): void {
    if (this.#options.reconnect === undefined || this.#halfClosed) {
      return this.fail(failure);
    }
    close(this.#conn);
    this.#disconnectedAt = now();
    const lost = this.#giveUpMessages();
    this.#pacer.await(
      this.#options.reconnect.onEvent?.({
        event: "disconnected",
        detail: failure.message,
        messages_lost: lost,
      }),
    );
    this.#reconnect(this.#options.reconnect);
    this.#pacer.settle();
  }

  /** What a connection that was broken still says is ignored. */
  #callsOn(conn: Connection): Calls {
    const onThis = <T>(handle: (outcome: T) => void) => (outcome: T) => {
      const isBroken = this.#conn !== conn ||
        this.#disconnectedAt !== undefined;
      if (!isBroken) handle(outcome);
    };
    return {
      read: onThis(this.#read),
      readFailed: onThis(this.#readFailed),
      wrote: onThis(this.#wrote),
      writeFailed: onThis(this.#writeFailed),
    };
  }

  /** Counts what is in flight as lost, and begins anew with the next message. */
  #giveUpMessages(): number {
    const tally = this.#pacer.tally;
    const lost = this.#unanswered;
    const { index } = this.#options;
    for (let i = 0; i < lost; i++) {
      const sequence = this.#receiving + i;
      const sentAt = this.#times.sentAt(sequence);
      tally?.gaveUp(index, this.#times.due(sequence), sentAt);
      tally?.outages?.lost(index, sequence, sentAt);
    }
    this.#receiving += lost;
    this.#sending = this.#receiving;
    this.#sendingOffset = this.#receivingOffset = 0;
    this.#written = this.#filled = 0;
    this.#handedOver = this.#compared = 0;
    this.#writing = false;
    return lost;
  }

  async #reconnect({ connect, onEvent }: Reconnect): Promise<void> {
    let attempts: number;
    try {
      const connected = await connect(this.#finished.signal);
      this.#conn = connected.conn;
      this.#calls = this.#callsOn(this.#conn);
      attempts = connected.attempts;
    } catch (error) {
      // It is finished, or the system fails.
      return this.#finished.signal.aborted
        ? this.#ended.resolve()
        : this.fail({ code: "failed", message: describeError(error) });
    }
    const { hostname, port } = this.#conn.remoteAddr;
    const disconnected = since(this.#disconnectedAt!);
    this.#disconnectedAt = undefined;
    this.#lastProgress = now();
    this.reconnects++;
    this.#pacer.await(
      onEvent?.({
        event: "reconnected",
        peer_host: hostname,
        peer_port: port,
        disconnected_us: disconnected,
        attempts,
      }),
    );
    this.#receive();
    this.pump();
  }

  /** Skips what is due while there is no connection: it is lost. */
  #skip(time: number): void {
    const tally = this.#pacer.tally!;
    for (;;) {
      const due = this.#pacer.next(time, true);
      if (due === undefined) return;
      tally.missed();
      tally.outages?.lost(this.#options.index, this.#sending, due);
      this.#receiving = ++this.#sending;
    }
  }

  async finish(): Promise<void> {
    if (this.#disconnectedAt !== undefined) this.#finished.abort();
    else if (this.failure === undefined) {
      this.#halfClosed = true;
      this.#lastProgress = now();
      try {
        await this.#conn.closeWrite();
      } catch (error) {
        if (!isReset(error)) this.#failBy(error);
      }
    }
    await this.#ended.promise;
    close(this.#conn);
  }

  /** Bytes handed over to be sent, and not back. */
  get #outstanding(): number {
    return this.#handedOver - this.#compared;
  }

  #describeOutstanding(): string {
    const begun = this.#sending - 1 + Math.sign(this.#sendingOffset);
    return `${this.#unanswered} of ${
      plural(begun, "message")
    } did not come back`;
  }

  #failBy(error: unknown): void {
    this.#break(
      isReset(error)
        ? {
          code: "closed-early",
          message: `${describeError(error)}: ${this.#describeOutstanding()}`,
        }
        : {
          code: systemCode(error) === "ETIMEDOUT" ? "no-answer" : "failed",
          message: describeError(error),
        },
    );
  }

  /*
   * The hot path, from here to #accept(): for each message one write, one read,
   * two promises and a few comparisons. Nothing is allocated for a message but
   * what the two calls need. Reads do not wait for the write, so that a message
   * larger than all buffers cannot deadlock. Only pump() decides what may be sent,
   * whichever event made room for it.
   */

  pump(time = now()): void {
    if (this.#writing || this.failure) return;
    if (this.#disconnectedAt !== undefined) return this.#skip(time);
    const first = this.#sending + Math.sign(this.#sendingOffset);
    this.#written = 0;
    this.#filled = 0;
    this.#fill(time);
    if (this.#filled === 0) return;
    const at = now();
    const last = this.#sending - 1 + Math.sign(this.#sendingOffset);
    const tally = this.#pacer.tally!;
    for (let sequence = first; sequence <= last; sequence++) {
      const due = this.#times.due(sequence);
      tally.sent(this.#options.index, due, at, this.#pacer.wasHeld(due));
      this.#times.set(sequence, due, at);
      if (this.#options.onEvent) this.#emit("sent", sequence);
    }
    if (last >= first && this.#receiving === first) this.#lastProgress = at;
    this.#writing = true;
    this.#write();
  }

  /** Fills the buffer with what may be sent now. */
  #fill(time: number): void {
    const buffer = this.#writeBuffer;
    while (this.#filled < buffer.length) {
      if (this.#sendingOffset === 0 && !this.#begin(time)) return;
      const size = this.nextSize;
      const length = Math.min(
        size - this.#sendingOffset,
        buffer.length - this.#filled,
      );
      this.#messages.fill(
        buffer,
        this.#filled,
        this.#sending,
        this.#sendingOffset,
        length,
      );
      this.#filled += length;
      this.#handedOver += length;
      this.#sendingOffset += length;
      if (this.#sendingOffset === size) {
        this.#sending++;
        this.#sendingOffset = 0;
      }
    }
  }

  /** Whether the next message may begin. */
  #begin(time: number): boolean {
    const ahead = this.#sending - this.#receiving;
    const hasRoom = ahead < this.#options.pipeline &&
      this.#outstanding < WINDOW;
    const due = this.#pacer.next(time, hasRoom);
    if (due === undefined) return false;
    this.#times.reserve(ahead + 1, this.#sending - 1);
    this.#times.set(this.#sending, due, 0);
    return true;
  }

  #write(): void {
    if (this.#piece.length !== this.#filled) {
      this.#piece = this.#writeBuffer.subarray(0, this.#filled);
    }
    const rest = this.#written === 0
      ? this.#piece
      : this.#writeBuffer.subarray(this.#written, this.#filled);
    const { wrote, writeFailed } = this.#calls;
    this.#conn.write(rest).then(wrote, writeFailed);
  }

  readonly #wrote = (length: number): void => {
    this.#written += length;
    const tally = this.#pacer.tally!;
    tally.sentBytes(length);
    if (this.#written < this.#filled) {
      // A peer that reads is not silent.
      const time = this.#lastProgress = now();
      this.#pacer.hold(time);
      tally.moved(time);
      this.#write();
      return;
    }
    this.#writing = false;
    this.pump();
  };

  readonly #writeFailed = (error: unknown): void => {
    this.#writing = false;
    // A peer that has closed may have sent the reason before: the reading side will
    // find it.
    if (!isReset(error)) this.#failBy(error);
  };

  #receive(): void {
    const { read, readFailed } = this.#calls;
    this.#conn.read(this.#readBuffer).then(read, readFailed);
  }

  readonly #read = (length: number | null): void => {
    if (this.failure) return;
    if (length === null) return this.#checkEnd();
    const at = now();
    this.#accept(length, at);
    if (this.failure) return;
    // The read comes before the next message: that one's answer may arrive at once,
    // and this flow would go on ahead of others whose answers wait.
    this.#receive();
    this.pump(at);
  };

  readonly #readFailed = (error: unknown): void => {
    if (this.failure === undefined) this.#failBy(error);
  };

  /** Compares received bytes. */
  #accept(length: number, at: number): void {
    const { tally } = this.#pacer;
    this.#lastProgress = at;
    if (tally === undefined) return this.#differ(0);
    tally.receivedBytes(length);
    tally.moved(at);
    for (let place = 0; place < length;) {
      if (this.#outstanding === 0) return this.#differ(place);
      const size = this.#messages.size(this.#receiving);
      const part = Math.min(size - this.#receivingOffset, length - place);
      const difference = this.#messages.difference(
        this.#readBuffer,
        place,
        this.#receiving,
        this.#receivingOffset,
        part,
      );
      if (difference >= 0) {
        this.#receivingOffset += difference;
        this.#compared += difference;
        return this.#differ(place + difference);
      }
      place += part;
      this.#compared += part;
      this.#receivingOffset += part;
      if (this.#receivingOffset === size) {
        const sequence = this.#receiving++;
        this.#receivingOffset = 0;
        const delay = tally.answered(
          this.#options.index,
          this.#times.due(sequence),
          this.#times.sentAt(sequence),
          at,
        );
        tally.outages?.answered(
          this.#options.index,
          sequence,
          this.#times.sentAt(sequence),
        );
        if (this.#options.onEvent) this.#emit("received", sequence, delay);
      }
    }
  }

  /** Fails: the byte at a place of the buffer is not the expected one. */
  #differ(place: number): void {
    const difference: Difference = {
      offset: this.#compared,
      received: this.#readBuffer[place],
    };
    if (this.#outstanding > 0) {
      difference.sent = this.#messages.byteAt(
        this.#receiving,
        this.#receivingOffset,
      );
    }
    const message = `the echo differs: ${describeDifference(difference)}`;
    this.fail({ code: "difference", message, difference });
  }

  /** The peer has closed. */
  #checkEnd(): void {
    if (this.#outstanding > 0 || !this.#halfClosed) {
      return this.#break({
        code: "closed-early",
        message: this.#outstanding > 0
          ? `the peer closed early: ${this.#describeOutstanding()}`
          : this.#options.reconnect !== undefined
          ? "the peer closed the connection"
          : "the peer closed early: before everything was sent",
      });
    }
    this.#ended.resolve();
  }

  #emit(event: "sent" | "received", sequence: number, delay?: number): void {
    const bytes = this.#messages.size(sequence);
    const { onEvent } = this.#options;
    this.#pacer.await(
      event === "sent"
        ? onEvent!({ event, sequence, bytes })
        : onEvent!({ event, sequence, bytes, rtt_us: delay }),
    );
  }
}
