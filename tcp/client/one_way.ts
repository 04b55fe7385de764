/**
 * One connection of a measuring run in one direction alone: to a discard server
 * (RFC 863), or from a character generator (RFC 864).
 *
 * @module
 */
import { now } from "../../net/clock.ts";
import type { Lane } from "../../measure/run.ts";
import type { Tally } from "../../measure/tally.ts";
import { close } from "../../net/close.ts";
import { describeError, isReset } from "../../net/errors.ts";
import type { Failure } from "../../events/mod.ts";
import type { StreamOptions } from "./echo_stream.ts";

/** The most bytes handed to the socket, or taken from it, at once. */
const PIECE_SIZE = 262_144;

/** What both directions have in common: an end, and a peer that may fall silent. */
abstract class OneWayStream implements Lane {
  failure: Failure | undefined;
  protected readonly conn: Deno.TcpConn;
  protected readonly options: StreamOptions;
  /** When a byte moved last; `undefined` while none is waited for. */
  protected waitingSince: number | undefined;
  readonly #failed: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(conn: Deno.TcpConn, options: StreamOptions) {
    this.conn = conn;
    this.options = options;
  }

  async run(tally: Tally): Promise<void> {
    if (this.failure) return;
    await Promise.race([this.guarded(this.move(tally)), this.#failed.promise]);
    this.waitingSince = undefined;
  }

  /** Moves bytes as long as the tally's schedule says. */
  protected abstract move(tally: Tally): Promise<void>;

  abstract finish(): Promise<void>;

  /** Work whose failure is the connection's. */
  protected async guarded(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.fail({
        code: isReset(error) ? "closed-early" : "failed",
        message: describeError(error),
      });
    }
  }

  watch(): void {
    if (this.waitingSince === undefined) return;
    const { timeout } = this.options;
    if ((now() - this.waitingSince) / 1000 < timeout) return;
    this.fail({ code: "no-answer", message: this.describeSilence(timeout) });
  }

  protected abstract describeSilence(timeout: number): string;

  fail(failure: Failure): void {
    this.failure ??= failure;
    close(this.conn);
    this.#failed.resolve();
  }

  /** Resolves when the connection has failed. */
  protected get failed(): Promise<void> {
    return this.#failed.promise;
  }
}

/** Sends messages to a peer that takes them and answers nothing. */
export class DiscardStream extends OneWayStream {
  readonly #piece: Uint8Array<ArrayBuffer>;
  #lastSent: number | undefined;

  constructor(conn: Deno.TcpConn, options: StreamOptions) {
    super(conn, options);
    const { messages } = options;
    // Nothing is compared, so all messages may be alike, and no time goes into
    // making them.
    this.#piece = new Uint8Array(Math.min(messages.size, PIECE_SIZE));
    messages.fill(this.#piece, 0, 1, 0, this.#piece.length);
  }

  protected override async move(tally: Tally): Promise<void> {
    const { schedule } = tally;
    const { size } = this.options.messages;
    for (;;) {
      const due = schedule.claim(now(), this.#lastSent);
      if (due === undefined || this.failure) return;
      const isEarly = due > now();
      if (isEarly) {
        await new Promise<void>((resolve) => schedule.at(due, resolve));
      }
      const at = this.waitingSince = this.#lastSent = now();
      tally.sent(due, at, !isEarly);
      await this.options.tell?.({
        event: "sent",
        sequence: tally.messagesSent,
        bytes: size,
      });
      for (let left = size; left > 0;) {
        const part = left < this.#piece.length
          ? this.#piece.subarray(0, left)
          : this.#piece;
        const length = await this.conn.write(part);
        left -= length;
        tally.bytesSent += length;
        this.waitingSince = tally.lastMoved = now();
      }
    }
  }

  /** Half-closes: the peer's closing says that it has taken everything. */
  override async finish(): Promise<void> {
    if (this.failure) return;
    await Promise.race([this.guarded(this.#end()), this.failed]);
    close(this.conn);
  }

  async #end(): Promise<void> {
    this.waitingSince = now();
    await this.conn.closeWrite();
    const length = await this.conn.read(new Uint8Array(1));
    if (length !== null) {
      this.fail({
        code: "difference",
        message: "the peer answers: this is not a discard server",
      });
    }
    this.waitingSince = undefined;
  }

  protected override describeSilence(timeout: number): string {
    return `the peer has taken nothing, or not closed, for ${timeout} ms`;
  }
}

/** Receives from a peer that sends without being asked. */
export class ChargenStream extends OneWayStream {
  readonly #buffer = new Uint8Array(PIECE_SIZE);

  protected override async move(tally: Tally): Promise<void> {
    const { schedule } = tally;
    while (!this.failure && now() < schedule.end) {
      this.waitingSince = now();
      const length = await this.conn.read(this.#buffer);
      if (length === null) {
        return this.fail({
          code: "closed-early",
          message: "the peer closed early",
        });
      }
      tally.bytesReceived += length;
      tally.lastMoved = now();
    }
  }

  /** Closes: a character generator goes on until its client is gone. */
  override finish(): Promise<void> {
    close(this.conn);
    return Promise.resolve();
  }

  protected override describeSilence(timeout: number): string {
    return `the peer has sent nothing for ${timeout} ms`;
  }
}
