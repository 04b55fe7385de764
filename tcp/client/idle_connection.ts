/**
 * A connection that is left idle, and then asked whether it still lives.
 *
 * @module
 */
import type { Failure, IdleEnd, PeerAddress } from "../../events/mod.ts";
import { AnswerTimer } from "../../measure/answer_timer.ts";
import { describeDifference, EchoCheck } from "../../measure/echo_check.ts";
import { pause } from "../../net/backoff.ts";
import { now, since } from "../../net/clock.ts";
import { close } from "../../net/close.ts";
import { describeError, isReset, systemCode } from "../../net/errors.ts";
import type { Connection } from "./connection.ts";

/** What came of a message, or of the wait before it. */
export type IdleOutcome =
  | { rtt_us: number }
  | { diedBy: IdleEnd }
  | { failure: Failure };

/** What one read, or a wait without one, comes to. */
type Reading = { piece: Uint8Array } | { outcome: IdleOutcome };

const BUFFER_SIZE = 4096;

/** Sends messages with long pauses between them, and checks their echo. */
export class IdleConnection {
  /** Messages sent and answered, and bytes each way. */
  messagesSent = 0;
  messagesReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  readonly #conn: Connection;
  readonly #timeout: number;
  readonly #check = new EchoCheck();
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  /** The read that is always pending, so that an end is seen when it comes. */
  #reading: Promise<Reading>;
  /** When it was last answered. */
  #quietSince = now();

  /** @param timeout Milliseconds to wait for an answer. */
  constructor(conn: Connection, timeout: number) {
    this.#conn = conn;
    this.#timeout = timeout;
    this.#reading = this.#read();
  }

  /** For how long nothing was sent on it, in microseconds. */
  get idle(): number {
    return since(this.#quietSince);
  }

  async #read(): Promise<Reading> {
    try {
      const length = await this.#conn.read(this.#buffer);
      if (length === null) return { outcome: { diedBy: "close" } };
      return { piece: this.#buffer.subarray(0, length) };
    } catch (error) {
      return { outcome: outcomeOf(error) };
    }
  }

  /**
   * Leaves it alone until it was idle for so many microseconds, or the signal
   * aborts.
   *
   * @returns How it ended meanwhile; `undefined` where it did not.
   */
  async rest(
    microseconds: number,
    signal: AbortSignal,
  ): Promise<IdleOutcome | undefined> {
    const woken = new AbortController();
    const quit = AbortSignal.any([signal, woken.signal]);
    let reading: Reading | void = undefined;
    // A timer may fire a little early, and less than was asked for proves less.
    for (let left; (left = microseconds - this.idle) > 0;) {
      reading = await Promise.race([this.#reading, pause(left / 1000, quit)]);
      if (reading !== undefined || signal.aborted) break;
    }
    woken.abort();
    if (reading === undefined) return undefined;
    if ("outcome" in reading) return reading.outcome;
    this.#check.accept(reading.piece);
    return this.#differ();
  }

  /** Sends a message, and waits for its echo. */
  async ask(message: Uint8Array): Promise<IdleOutcome> {
    const { promise: silence, resolve } = Promise.withResolvers<Reading>();
    const timer = new AnswerTimer(
      this.#timeout,
      () => resolve({ outcome: { diedBy: "silence" } }),
    );
    this.#check.expect(message);
    this.messagesSent++;
    const sentAt = now();
    timer.start();
    try {
      for (let at = 0; at < message.length;) {
        const length = await this.#conn.write(message.subarray(at));
        this.bytesSent += length;
        at += length;
      }
    } catch (error) {
      timer.stop();
      return outcomeOf(error);
    }
    try {
      for (;;) {
        const reading = await Promise.race([this.#reading, silence]);
        if ("outcome" in reading) return reading.outcome;
        if (!this.#check.accept(reading.piece)) return this.#differ();
        this.bytesReceived += reading.piece.length;
        this.#reading = this.#read();
        if (this.#check.outstanding > 0) continue;
        this.messagesReceived++;
        this.#quietSince = now();
        return { rtt_us: since(sentAt) };
      }
    } finally {
      timer.stop();
    }
  }

  /** What came back is not what was sent. */
  #differ(): IdleOutcome {
    const difference = this.#check.difference!;
    return {
      failure: {
        code: "difference",
        message: `the echo differs: ${describeDifference(difference)}`,
        difference,
      },
    };
  }

  /** The peer's address. */
  get peer(): PeerAddress {
    const { hostname, port } = this.#conn.remoteAddr;
    return { peer_host: hostname, peer_port: port };
  }

  /** Closes it. */
  close(): void {
    close(this.#conn);
  }
}

function outcomeOf(error: unknown): IdleOutcome {
  if (isReset(error)) return { diedBy: "reset" };
  // The system, too, gives up where nothing answers.
  if (systemCode(error) === "ETIMEDOUT") return { diedBy: "silence" };
  return { failure: { code: "failed", message: describeError(error) } };
}
