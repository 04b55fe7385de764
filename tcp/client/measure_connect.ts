/**
 * Measuring how long it takes to connect.
 *
 * @module
 */
import type {
  ConnectFailures,
  Failure,
  MeasureResult,
} from "../../events/mod.ts";
import {
  excusesLoss,
  expects,
  type MetricExpectation,
  verdict,
} from "../../measure/expectations.ts";
import {
  measure,
  MEASURE_KINDS,
  type MeasureOptions,
  nothingMeasured,
  observerOf,
  type Outcome,
  pipelineOf,
  prepare,
} from "../../measure/run.ts";
import { checkSchedule } from "../../measure/schedule.ts";
import { formatAddress } from "../../net/address.ts";
import { close } from "../../net/close.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { checkOptions } from "../../net/options.ts";
import { resolveHost } from "../../net/resolve.ts";
import { formatConnectFailures, plural } from "../../text/format.ts";
import { DEFAULT_PORT } from "../defaults.ts";
import {
  CONNECT_TCP_KINDS,
  connectAny,
  connectTcp,
  type ConnectTcpOptions,
} from "./connect.ts";
import { ConnectAttempts } from "./connect_attempts.ts";

/** Options of {@linkcode measureConnect}. */
export interface MeasureConnectOptions
  extends
    ConnectTcpOptions,
    Omit<MeasureOptions, "service" | "pipeline" | "bandwidth"> {
  /** Milliseconds after which an attempt is given up. @default {5000} */
  connectTimeout?: number;
  /**
   * Milliseconds for which it waits for the peer to accept a first connection, which
   * is not measured, or `Infinity`; 0 does not make one. @default {0}
   */
  retryFor?: number;
  /** Attempts of which only one is under way at a time, so many times at once. @default {1} */
  connections?: number;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/**
 * Measures how long it takes to connect to any TCP service: connects and closes
 * again, without a byte sent. The result's delays are the times from the request to
 * the system until the connection is there: on the wire, one round trip. Attempts
 * that fail are lost messages, counted by why (`measured.connects`); those that this
 * machine could not make, such as for want of a free port, are `errors` and none of
 * the path's.
 *
 * With a rate or an interval, an attempt is made whether those before are answered
 * or not; else the next follows the end of the one before.
 *
 * The name is resolved before, so that no time has that in it. Of a name with
 * several addresses, the first to accept is measured, which a connection before the
 * run finds; the first of all where none does.
 *
 * @returns The result, also where nothing accepted (`passed`, `failure`).
 * @throws {EchosounderError} `invalid-option` for a wrong value; `cannot-resolve`,
 * `cannot-connect` with `retryFor`, or `stopped`, before the first attempt.
 *
 * @example
 * ```ts
 * import { measureConnect, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
 * const result = await measureConnect({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   count: 10,
 * });
 * console.log(result.messages_received, result.rtt_us?.p50);
 * ```
 */
export async function measureConnect(
  options: MeasureConnectOptions,
): Promise<MeasureResult> {
  checkOptions(options, {
    ...CONNECT_TCP_KINDS,
    ...MEASURE_KINDS,
  });
  checkSchedule(options);
  const { expectations = [], connections = 1, bind, onEvent } = options;
  const { connectTimeout: timeout = DEFAULT_TIMEOUT, retryFor = 0 } = options;
  const { port = DEFAULT_PORT } = options;
  const prepared = await prepare(options);
  if (retryFor > 0) await awaitPeer(options);
  const address = await chooseAddress(options);
  const pipeline = pipelineOf(options);
  let flows: readonly ConnectAttempts[] = [];
  const outcome = await measure(
    (context) =>
      flows = Array.from(
        { length: connections },
        (_, index) =>
          new ConnectAttempts({
            ...context,
            hostname: address,
            port,
            bind,
            pipeline,
            timeout,
            index,
            onEvent: options.detail
              ? observerOf(index, connections, onEvent)
              : undefined,
          }),
      ),
    options,
    {
      target: { target: options.hostname, peer_host: address, peer_port: port },
      probe: "connect",
      // Each attempt has a port of its own.
      ports: [],
      size: 0,
      timeout,
      isDatagrams: false,
      knowsLoss: true,
      prepared,
      figures: (tally) => ({
        errors: tally.errors,
        lost: tally.lost,
        connects: sumOf(flows.map(({ failures }) => failures)),
        ownLimit: tally.errors === 0
          ? undefined
          : `this machine itself could not make ${
            plural(tally.errors, "attempt")
          }: ${tally.lastError}`,
      }),
      onEvent,
    },
  );
  const failure = flows.find(({ failure }) => failure !== undefined)?.failure ??
    nothingMeasured(outcome.figures, outcome.wasEnded) ??
    judge(outcome, expectations, {
      peer: formatAddress(address, port),
      lastFailure: flows.findLast(({ lastFailure }) => lastFailure)
        ?.lastFailure,
    });
  const result: MeasureResult = {
    event: "result",
    ...verdict(outcome.figures, failure, expectations),
    ...outcome.figures,
  };
  await onEvent?.(result);
  return result;
}

/** Waits until the peer accepts a connection. */
async function awaitPeer(options: MeasureConnectOptions): Promise<void> {
  const conn = await connectTcp({
    ...options,
    onEvent: (event) =>
      event.event === "retry" ? options.onEvent?.(event) : undefined,
  });
  close(conn);
}

/** The peer's only address, the first that accepts, or the first. */
async function chooseAddress(
  { hostname, port = DEFAULT_PORT, family, bind, ...options }:
    MeasureConnectOptions,
): Promise<string> {
  const { connectTimeout: timeout = DEFAULT_TIMEOUT, signal } = options;
  const addresses = await resolveHost(hostname, { family, timeout, signal });
  if (addresses.length > 1) {
    const limit = AbortSignal.timeout(timeout);
    const quit = AbortSignal.any(signal ? [limit, signal] : [limit]);
    try {
      const conn = await connectAny(addresses, port, quit, bind);
      close(conn);
      return conn.remoteAddr.hostname;
    } catch (error) {
      if (!(error instanceof AggregateError)) throw error;
    }
  }
  return addresses[0].address;
}

function sumOf(parts: readonly ConnectFailures[]): ConnectFailures {
  const sum: ConnectFailures = {
    refused: 0,
    timed_out: 0,
    unreachable: 0,
    reset: 0,
  };
  for (const part of parts) {
    for (const key of Object.keys(sum) as (keyof ConnectFailures)[]) {
      sum[key] += part[key];
    }
  }
  return sum;
}

/** Why a run failed, by its attempts. */
function judge(
  { figures, lastError }: Outcome,
  expectations: readonly MetricExpectation[],
  { peer, lastFailure }: { peer: string; lastFailure: string | undefined },
): Failure | undefined {
  const { measured, messages_sent: sent, messages_received: made } = figures;
  const { lost = 0, errors, connects } = measured;
  const { refused, timed_out, unreachable, reset } = connects!;
  const attempts = plural(sent + errors, "attempt");
  if (lost > 0) {
    // Who says how many may be refused wants to know, and gets, just that.
    const isExpected = unreachable + reset === 0 &&
      (refused === 0 || expects(expectations, "refused")) &&
      (timed_out === 0 || expects(expectations, "timeouts"));
    const reasons = formatConnectFailures(connects!);
    if (made > 0) {
      if (!isExpected && !excusesLoss(expectations)) {
        const message = `${lost} of ${attempts} failed: ${reasons}`;
        return { code: "loss", message };
      }
    } else if (!isExpected) {
      const code = timed_out === lost ? "no-answer" : "cannot-connect";
      const why = lost > 1
        ? `none of ${attempts} succeeded: ${reasons}`
        : lastFailure;
      return { code, message: `cannot connect to ${peer}: ${why}` };
    }
  }
  const isExcused = sent > 0 && expects(expectations, "errors");
  if (errors === 0 || isExcused) return undefined;
  return {
    code: sent === 0 ? "failed" : "errors",
    message: `${errors} of ${attempts} could not be made: ${lastError}`,
  };
}
