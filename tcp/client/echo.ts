/**
 * The TCP client: socket, connect, send, half-close, receive, close.
 *
 * @module
 */
import { AnswerTimer } from "../../measure/answer_timer.ts";
import { between, now, since } from "../../net/clock.ts";
import { describeDifference, EchoCheck } from "../../measure/echo_check.ts";
import { RoundTrips } from "../../measure/round_trips.ts";
import { close } from "../../net/close.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { describeError, isReset, systemCode } from "../../net/errors.ts";
import { checkOptions, time } from "../../net/options.ts";
import { formatExactDuration, formatPart } from "../../text/format.ts";
import type { Failure, ResultEvent } from "../../events/mod.ts";
import {
  CONNECT_TCP_KINDS,
  connectTcp,
  type ConnectTcpOptions,
} from "./connect.ts";
import type { Connection } from "./connection.ts";

/** Options that all runs of the TCP client share. */
export interface TcpClientOptions extends ConnectTcpOptions {
  /** Milliseconds to wait for more of an outstanding answer. @default {5000} */
  timeout?: number;
}

/** Options of {@linkcode echoTcp}. */
export interface EchoTcpOptions extends TcpClientOptions {
  /** What to send, piece by piece; a piece must not be changed afterwards. */
  payload: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Called with each checked piece of the echo; the next is read when it resolves. */
  onEcho?: (piece: Uint8Array) => Promise<void>;
}

/**
 * The most bytes in flight: this bounds the client's memory, since what is in
 * flight is kept to be compared. It is larger than what the kernels buffer, so
 * that it never slows an echo down.
 */
const WINDOW = 16 * 1024 * 1024;

const READ_BUFFER_SIZE = 262_144;

/** A connection on which everything sent is expected back. */
class Exchange {
  readonly check: EchoCheck = new EchoCheck();
  readonly trips: RoundTrips = new RoundTrips();
  /** Why the exchange ended early. */
  failure: Failure | undefined;
  /** Everything is sent. */
  isSent = false;
  /** Everything is back. */
  isReceived = false;
  bytesSent = 0;
  bytesReceived = 0;

  readonly #conn: Connection;
  readonly #timer: AnswerTimer;
  readonly #buffer = new Uint8Array(READ_BUFFER_SIZE);
  readonly #startedAt = now();
  readonly #stop: () => void;
  readonly #signal: AbortSignal | undefined;
  /** A read is pending. */
  #reading = false;
  /** The sending side is shut down: the peer is expected to close. */
  #halfClosed = false;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Resolves when there is room in the window again. */
  #room: PromiseWithResolvers<void> | undefined;

  constructor(conn: Connection, options: TcpClientOptions) {
    const { timeout = DEFAULT_TIMEOUT, signal } = options;
    this.#conn = conn;
    this.#signal = signal;
    this.#timer = new AnswerTimer(
      timeout,
      () => this.fail(this.#unanswered(timeout)),
    );
    this.#stop = () =>
      this.fail({ code: "stopped", message: "stopped before the end" });
    signal?.addEventListener("abort", this.#stop, { once: true });
    if (signal?.aborted) this.#stop();
  }

  #unanswered(timeout: number): Failure {
    const { outstanding, sent } = this.check;
    const what = outstanding > 0
      ? `${formatPart(outstanding, sent)} did not come back`
      : "everything came back, but the peer did not close";
    return {
      code: "no-answer",
      message: `no answer for ${formatExactDuration(timeout * 1000)}: ${what}`,
    };
  }

  /** Ends the exchange; the first reason counts. */
  fail(failure: Failure): void {
    this.failure ??= failure;
    this.#over.resolve();
    this.#room?.resolve();
    close(this.#conn);
  }

  /** Resolves when the exchange has failed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  #failBy(error: unknown): void {
    const { outstanding, sent } = this.check;
    this.fail(
      isReset(error)
        ? {
          code: "closed-early",
          message: `${describeError(error)}: ${
            formatPart(outstanding, sent)
          } did not come back`,
        }
        : {
          code: systemCode(error) === "ETIMEDOUT" ? "no-answer" : "failed",
          message: describeError(error),
        },
    );
  }

  /** Sends a whole piece; `false` when the exchange has failed. */
  async send(piece: Uint8Array): Promise<boolean> {
    while (this.check.outstanding >= WINDOW && this.failure === undefined) {
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
    if (this.failure !== undefined) return false;
    this.check.expect(piece);
    this.#armTimer();
    try {
      for (let at = 0; at < piece.length;) {
        const length = await this.#conn.write(piece.subarray(at));
        this.bytesSent += length;
        at += length;
        // A peer that reads is not silent.
        this.#timer.stop();
        this.#armTimer();
      }
    } catch (error) {
      // A peer that has closed may have sent the reason before: the reading side
      // will find it.
      if (!isReset(error)) this.#failBy(error);
      return false;
    }
    return true;
  }

  /** Shuts down the sending side. */
  async halfClose(): Promise<void> {
    if (this.failure !== undefined) return;
    this.#halfClosed = true;
    this.#armTimer();
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      if (!isReset(error)) this.#failBy(error);
    }
  }

  /** Starts the timer if an answer is outstanding and a read is pending. */
  #armTimer(): void {
    if (this.#reading && (this.check.outstanding > 0 || this.#halfClosed)) {
      this.#timer.start();
    }
  }

  /** Receives and checks one piece; `undefined` at the end, or after a failure. */
  async receive(): Promise<Uint8Array | undefined> {
    if (this.failure !== undefined) return undefined;
    let length: number | null;
    try {
      this.#reading = true;
      this.#armTimer();
      length = await this.#conn.read(this.#buffer);
    } catch (error) {
      this.#failBy(error);
      return undefined;
    } finally {
      this.#reading = false;
      this.#timer.stop();
    }
    if (length === null) {
      this.#checkEnd();
      return undefined;
    }
    this.bytesReceived += length;
    const piece = this.#buffer.subarray(0, length);
    if (!this.check.accept(piece)) {
      const difference = this.check.difference!;
      const message = `the echo differs: ${describeDifference(difference)}`;
      this.fail({ code: "difference", message, difference });
      return undefined;
    }
    this.#room?.resolve();
    return piece;
  }

  #checkEnd(): void {
    const { outstanding, sent } = this.check;
    if (outstanding > 0 || !this.#halfClosed) {
      const message = outstanding > 0
        ? `the peer closed early: ${
          formatPart(outstanding, sent)
        } did not come back`
        : "the peer closed early: before everything was sent";
      this.fail({ code: "closed-early", message });
    }
  }

  /** Frees the socket, the timer and the caller's signal. */
  free(): void {
    this.#timer.stop();
    this.#signal?.removeEventListener("abort", this.#stop);
    close(this.#conn);
  }

  /** The result. */
  result(): ResultEvent {
    return {
      event: "result",
      passed: this.failure === undefined,
      failure: this.failure,
      messages_sent: Number(this.isSent),
      messages_received: Number(this.isReceived),
      bytes_sent: this.bytesSent,
      bytes_received: this.bytesReceived,
      duration_us: since(this.#startedAt),
      rtt_us: this.trips.summary(),
    };
  }
}

/**
 * Sends a payload of any length, shuts down the sending side, and reads until
 * the peer closes, while checking that exactly what was sent comes back. It
 * sends and receives at once and keeps only what is in flight, so the payload may
 * be endless.
 *
 * @returns The result, also where the check failed (`passed`, `failure`).
 * @throws {EchosounderError} `invalid-option` for a wrong value;
 * `cannot-resolve`, `cannot-connect` or `stopped`, before there is a connection.
 *
 * @example
 * ```ts
 * import { echoTcp, patternPieces, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const { port } = server.addr;
 * const payload = patternPieces(1_000_000);
 * const result = await echoTcp({ hostname: "127.0.0.1", port, payload });
 * console.log(result.bytes_received); // 1000000
 * ```
 */
export async function echoTcp(options: EchoTcpOptions): Promise<ResultEvent> {
  checkOptions(options, { ...CONNECT_TCP_KINDS, timeout: time });
  const { payload, onEcho, onEvent } = options;
  const exchange = new Exchange(await connectTcp(options), options);
  const started = now();
  let checkedAt = started;

  async function send(): Promise<void> {
    for await (const piece of payload) {
      if (!await exchange.send(piece)) return;
    }
    await exchange.halfClose();
    exchange.isSent = true;
    await onEvent?.({ event: "sent", bytes: exchange.bytesSent });
  }

  async function receive(): Promise<void> {
    for (let piece; (piece = await exchange.receive()) !== undefined;) {
      checkedAt = now();
      await onEcho?.(piece);
    }
  }

  try {
    // A payload that waits for its source must not delay a failure.
    await Promise.race([Promise.all([send(), receive()]), exchange.over]);
    if (exchange.failure === undefined) {
      exchange.isReceived = true;
      // An asynchronous payload's own waits would count as round trip.
      const timed = Symbol.iterator in payload;
      if (timed) exchange.trips.record(between(started, checkedAt));
      await onEvent?.({
        event: "received",
        bytes: exchange.bytesReceived,
        rtt_us: exchange.trips.summary()?.max,
      });
      await onEvent?.({ event: "closed" });
    }
  } finally {
    exchange.free();
  }
  const result = exchange.result();
  await onEvent?.(result);
  return result;
}
