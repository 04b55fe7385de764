/**
 * One connection of a one-way measuring run: to a discard server (RFC 863), or
 * from a character generator (RFC 864).
 *
 * @module
 */
import type { Failure } from "../../events/mod.ts";
import { type PacedFlow, Pacer } from "../../measure/pacer.ts";
import type { Flow } from "../../measure/flow.ts";
import type { Tally } from "../../measure/tally.ts";
import { now } from "../../net/clock.ts";
import { close } from "../../net/close.ts";
import { describeError, isReset } from "../../net/errors.ts";
import { formatExactDuration } from "../../text/format.ts";
import type { StreamOptions } from "./echo_stream.ts";
import type { Connection } from "./connection.ts";

/** The most bytes written or read at once. */
const PIECE_SIZE = 262_144;

/** Common to both directions: an end, and a timeout. */
abstract class OneWayStream implements Flow, PacedFlow {
  protected readonly conn: Connection;
  protected readonly options: StreamOptions;
  protected readonly pacer: Pacer;
  /** When a byte was last sent or received; `undefined` while none is expected. */
  #silentSince: number | undefined;
  /** Milliseconds without a byte until the peer is given up. */
  protected timeout: number;

  constructor(conn: Connection, options: StreamOptions) {
    this.conn = conn;
    this.options = options;
    this.timeout = options.timeout;
    this.pacer = new Pacer(this, options.brake);
  }

  /** Why it ended early. */
  get failure(): Failure | undefined {
    return this.pacer.failure;
  }

  /** No message is answered, so none waits. */
  readonly waitingSince: undefined;

  abstract readonly inFlight: number;
  abstract readonly nextSize: number;
  abstract pump(): void;
  abstract finish(): Promise<void>;
  protected abstract describeSilence(timeout: string): string;

  run(tally: Tally): Promise<void> {
    return this.pacer.begin(tally);
  }

  stop(): void {
    this.pacer.stop();
  }

  /** Starts the timeout. */
  protected wait(at: number): void {
    this.#silentSince = at;
  }

  /** Stops the timeout. */
  protected rest(): void {
    this.#silentSince = undefined;
  }

  get isOverdue(): boolean {
    return this.#silentSince !== undefined && this.failure === undefined &&
      this.options.clock.waited(this.#silentSince) >= this.timeout * 1000;
  }

  giveUp(): void {
    const timeout = formatExactDuration(this.timeout * 1000);
    this.fail({ code: "no-answer", message: this.describeSilence(timeout) });
  }

  fail(failure: Failure): void {
    this.pacer.fail(failure);
    close(this.conn);
  }

  protected readonly failBy = (error: unknown): void => {
    this.fail({
      code: isReset(error) ? "closed-early" : "failed",
      message: describeError(error),
    });
  };
}

/** A write that takes longer than this, in microseconds, waits for the peer to read. */
const LONG_WRITE = 5000;

/** The most milliseconds for the peer to read what the kernels still buffer. */
const LONGEST_DRAIN = 60_000;

/** The most bytes that the kernels of both sides buffer, about. */
const MOST_BUFFERED = 16 * 1024 * 1024;

/** The bytes for which a peer of unknown pace has the timeout once more. */
const SLOW_PART = 1024 * 1024;

/** Sends messages to a peer that answers nothing. */
export class DiscardStream extends OneWayStream {
  readonly #piece: Uint8Array<ArrayBuffer>;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Messages sent, and the bytes of the last one not written yet. */
  #sequence = 0;
  #left = 0;
  #writeBegan = 0;
  #bytes = 0;
  #isHalfClosed = false;
  /** The bytes that the kernels buffered before the peer set the pace, and when that was. */
  #ahead: { bytes: number; at: number } | undefined;

  constructor(conn: Connection, options: StreamOptions) {
    super(conn, options);
    const { messages } = options;
    // Nothing is compared, so all messages may be the same, which takes no time to
    // make.
    this.#piece = new Uint8Array(Math.min(messages.sizes.most, PIECE_SIZE));
    messages.fill(this.#piece, 0, 1, 0, this.#piece.length);
    this.#watchEnd();
  }

  get inFlight(): number {
    return Math.sign(this.#left);
  }

  get nextSize(): number {
    return this.options.messages.size(this.#sequence + 1);
  }

  override pump(time = now()): void {
    if (this.#left > 0) return;
    const due = this.pacer.next(time, true);
    if (due === undefined) return;
    const size = this.nextSize;
    this.pacer.tally!.sent(
      this.options.index,
      due,
      time,
      this.pacer.wasHeld(due),
    );
    this.#left = size;
    this.pacer.await(
      this.options.onEvent?.({
        event: "sent",
        sequence: ++this.#sequence,
        bytes: size,
      }),
    );
    this.#write(time);
  }

  #write(time: number): void {
    this.#writeBegan = time;
    this.timeout = this.options.timeout + Math.round(this.#drainTime());
    this.wait(time);
    const part = this.#left < this.#piece.length
      ? this.#piece.subarray(0, this.#left)
      : this.#piece;
    this.conn.write(part).then(this.#onWritten, this.failBy);
  }

  readonly #onWritten = (length: number): void => {
    const at = now();
    this.#left -= length;
    this.#bytes += length;
    this.pacer.tally!.sentBytes(length);
    this.pacer.tally!.moved(at);
    if (at - this.#writeBegan > LONG_WRITE) {
      this.#ahead ??= { bytes: this.#bytes, at };
    }
    this.pacer.hold(at);
    if (this.#left > 0) return this.#write(at);
    this.rest();
    this.pump(at);
  };

  /** Waits for the peer to close; an answer is a failure. */
  #watchEnd(): void {
    this.conn.read(new Uint8Array(1)).then((length) => {
      if (length !== null) {
        this.fail({
          code: "difference",
          message: "the peer answers: this is not a discard server",
        });
      } else if (!this.#isHalfClosed) {
        this.fail({ code: "closed-early", message: "the peer closed early" });
      }
      this.#ended.resolve();
    }, (error) => {
      if (this.failure === undefined) this.failBy(error);
      this.#ended.resolve();
    });
  }

  /**
   * Half-closes: when the peer closes, it has received everything, which ends the
   * time that the throughput is computed over.
   */
  override async finish(): Promise<void> {
    if (this.failure === undefined) {
      this.#isHalfClosed = true;
      this.timeout = this.options.timeout + Math.round(this.#drainTime());
      this.wait(now());
      try {
        await this.conn.closeWrite();
      } catch (error) {
        this.failBy(error);
      }
    }
    await this.#ended.promise;
    this.rest();
    if (this.failure) this.pacer.tally?.leftUnfinished();
    else this.pacer.tally!.moved(now());
    close(this.conn);
  }

  /**
   * Milliseconds that the peer may need for what is still buffered, at its pace so
   * far: until much of it is read, nothing shows that the peer reads. Where all may
   * still be buffered, its pace is unknown, and it may be slow.
   */
  #drainTime(): number {
    const slowest = this.#bytes <= MOST_BUFFERED
      ? this.options.timeout * this.#bytes / SLOW_PART
      : 0;
    return Math.min(Math.max(slowest, this.#knownDrainTime()), LONGEST_DRAIN);
  }

  #knownDrainTime(): number {
    if (this.#ahead === undefined) return 0;
    const { bytes, at } = this.#ahead;
    const read = this.#bytes - bytes;
    if (read > 0) return bytes / read * (now() - at) / 1000;
    return this.#isHalfClosed ? Infinity : 0;
  }

  protected override describeSilence(timeout: string): string {
    return this.#isHalfClosed
      ? `the peer has not closed for ${timeout} after everything was sent: whether it received all of it is unknown`
      : `no room to send for ${timeout}: the peer reads too slowly, or not at all`;
  }
}

/** Receives from a peer that sends unasked. */
export class ChargenStream extends OneWayStream {
  /** It sends none. */
  readonly nextSize = 0;
  readonly #buffer = new Uint8Array(PIECE_SIZE);
  #isReading = false;
  #isStopped = false;

  get inFlight(): number {
    return Number(this.#isReading);
  }

  override run(tally: Tally): Promise<void> {
    const phase = super.run(tally);
    this.pacer.stop();
    return phase;
  }

  override stop(): void {
    this.#isStopped = true;
  }

  override pump(): void {
    if (this.#isReading || this.failure || this.#isOver) return;
    this.#isReading = true;
    this.wait(now());
    this.conn.read(this.#buffer).then(this.#onRead, this.failBy);
  }

  get #isOver(): boolean {
    return this.#isStopped || now() >= this.pacer.tally!.schedule.end;
  }

  readonly #onRead = (length: number | null): void => {
    this.#isReading = false;
    if (this.failure) return;
    if (length === null) {
      return this.fail({
        code: "closed-early",
        message: "the peer closed early",
      });
    }
    const { tally } = this.pacer;
    tally!.receivedBytes(length);
    tally!.moved(now());
    this.rest();
    this.pump();
    this.pacer.settle();
  };

  /** Closes: a character generator goes on until its client is gone. */
  override finish(): Promise<void> {
    close(this.conn);
    return Promise.resolve();
  }

  protected override describeSilence(timeout: string): string {
    return `the peer has sent nothing for ${timeout}`;
  }
}
