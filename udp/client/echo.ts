/**
 * The UDP client: socket, send, receive, close.
 *
 * @module
 */
import { AnswerTimer } from "../../measure/answer_timer.ts";
import { between, now, since } from "../../net/clock.ts";
import {
  describeDifference,
  firstDifference,
} from "../../measure/echo_check.ts";
import { Messages, type Payload, sizeOf } from "../../measure/messages.ts";
import { checkSize, randomWord } from "../../measure/sizes.ts";
import { RoundTrips } from "../../measure/round_trips.ts";
import { canonicalAddress } from "../../net/address.ts";
import { Backoff, pause } from "../../net/backoff.ts";
import { close } from "../../net/close.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { describeError } from "../../net/errors.ts";
import { checkOptions, time, unlimited } from "../../net/options.ts";
import { formatExactDuration } from "../../text/format.ts";
import type {
  ClientObserver,
  DatagramResult,
  Failure,
  UdpClientEvent,
} from "../../events/mod.ts";
import { RECEIVE_BUFFER_SIZE } from "../datagram.ts";
import {
  findTarget,
  openSocket,
  TARGET_KINDS,
  type TargetOptions,
} from "./target.ts";

/** Options that all runs of the UDP client share. */
export interface UdpClientOptions extends TargetOptions {
  /** Milliseconds to wait for an answer. @default {5000} */
  timeout?: number;
  /** Milliseconds for which the first datagram is resent until it is answered, or `Infinity`. @default {0} */
  retryFor?: number;
  /** Called for each event. */
  onEvent?: ClientObserver<UdpClientEvent>;
}

/** Options of {@linkcode echoUdp}. */
export interface EchoUdpOptions extends UdpClientOptions {
  /** The content of the datagram. */
  payload: Payload;
}

/** An answer, and when it was received. */
interface Answer {
  echo: Uint8Array;
  at: number;
}

/**
 * Sends one datagram, waits for the answer, and checks that it is what was sent.
 * An answer counts only if it comes from the peer's address; other datagrams are
 * counted and emitted as strays.
 *
 * @returns The result, also where the check failed (`passed`, `failure`).
 * @throws {EchosounderError} `cannot-resolve`, `stopped` before anything was
 * sent, `cannot-bind` when the system gives no socket, and `invalid-option`
 * for a wrong value, or more bytes than a datagram can carry.
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
 * });
 * console.log(result.passed, result.bytes_received); // true 1400
 * ```
 */
export async function echoUdp(
  options: EchoUdpOptions,
): Promise<DatagramResult> {
  const { timeout = DEFAULT_TIMEOUT, retryFor = 0, signal, onEvent, payload } =
    options;
  checkOptions(options, { ...TARGET_KINDS, retryFor: unlimited(time) });
  checkSize(sizeOf(payload), 0);
  const messages = new Messages(payload, randomWord());
  const size = messages.size(1);
  const target = await findTarget(options, size);
  const address = canonicalAddress(target.hostname);
  const datagram = new Uint8Array(size);
  messages.fill(datagram, 0, 1, 0, size);
  const socket = openSocket(target, options);
  const closed = new AbortController();
  const trips = new RoundTrips();
  const started = now();
  let bytesSent = 0;
  let bytesReceived = 0;
  let strays = 0;
  let isSent = false;
  let failure: Failure | undefined;

  /** The first datagram from the peer; `undefined` once closed. */
  async function receive(): Promise<Answer | undefined> {
    const buffer = new Uint8Array(RECEIVE_BUFFER_SIZE);
    const backoff = new Backoff(1, 1000);
    while (!closed.signal.aborted) {
      let echo: Uint8Array;
      let peer: Deno.NetAddr;
      try {
        const received = await socket.receive(buffer);
        echo = received[0];
        peer = received[1] as Deno.NetAddr;
      } catch {
        // Closed, or Windows reports that nobody listens at the peer's port: that
        // may change, and the wait for the answer has its own limit.
        await pause(backoff.next(), closed.signal);
        continue;
      }
      const isTarget = peer.port === target.port &&
        canonicalAddress(peer.hostname) === address;
      if (isTarget) return { echo, at: now() };
      strays++;
      await onEvent?.({
        event: "stray",
        peer_host: peer.hostname,
        peer_port: peer.port,
        bytes: echo.length,
        reason: "other-address",
      });
    }
  }

  /** Sends the datagram, repeatedly with `retryFor`, and waits for the answer. */
  async function exchange(): Promise<void> {
    const answer = receive();
    const backoff = new Backoff(200, 1000);
    for (let tries = 1; !signal?.aborted; tries++) {
      const sentAt = now();
      const unsent = await socket.send(datagram, target)
        .then((length) => void (bytesSent += length), describeError);
      const more = since(started) / 1000 < retryFor;
      if (unsent !== undefined && !more) {
        failure = { code: "failed", message: `cannot send: ${unsent}` };
        return;
      }
      const wait = more ? backoff.next() : timeout;
      const got = await within(answer, wait, signal);
      // Emitted after the round trip, so that the observer does not lengthen it.
      if (!isSent && unsent === undefined) {
        isSent = true;
        await onEvent?.({ event: "sent", bytes: datagram.length });
      }
      if (got !== undefined) {
        // The answer may be to any of several sendings (Karn's rule).
        return await check(got.echo, tries > 1 ? undefined : got.at - sentAt);
      }
      if (!more) break;
      const detail = unsent ?? "no answer";
      await onEvent?.({ event: "retry", detail, retry_us: wait * 1000 });
    }
    failure = signal?.aborted
      ? { code: "stopped", message: "stopped before the end" }
      : {
        code: "no-answer",
        message: `no answer for ${formatExactDuration(timeout * 1000)}`,
      };
  }

  async function check(echo: Uint8Array, delay?: number): Promise<void> {
    bytesReceived = echo.length;
    const difference = firstDifference(datagram, echo);
    if (difference !== undefined) {
      const sizes = { sent: datagram.length, received: echo.length };
      const message = `the echo differs: ${
        describeDifference(difference, sizes)
      }`;
      failure = { code: "difference", message, difference };
      return;
    }
    const rtt = delay && between(0, delay);
    if (rtt !== undefined) trips.record(rtt);
    await onEvent?.({
      event: "received",
      bytes: echo.length,
      rtt_us: rtt,
      data: payload instanceof Uint8Array ? datagram : undefined,
    });
  }

  try {
    await exchange();
  } finally {
    closed.abort();
    close(socket);
  }
  const result: DatagramResult = {
    event: "result",
    passed: failure === undefined,
    failure,
    messages_sent: isSent ? 1 : 0,
    messages_received: failure === undefined ? 1 : 0,
    bytes_sent: bytesSent,
    bytes_received: bytesReceived,
    duration_us: since(started),
    rtt_us: trips.summary(),
    datagrams: { lost: failure?.code === "no-answer" ? 1 : 0, strays },
  };
  await onEvent?.(result);
  return result;
}

/** A promise's value, if it is there in time. */
async function within<T>(
  promise: Promise<T>,
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const { promise: enough, resolve } = Promise.withResolvers<undefined>();
  const stop = () => resolve(undefined);
  const timer = new AnswerTimer(milliseconds, stop);
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  timer.start();
  try {
    return await Promise.race([promise, enough]);
  } finally {
    timer.stop();
    signal?.removeEventListener("abort", stop);
  }
}
