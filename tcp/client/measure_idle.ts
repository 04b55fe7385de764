/**
 * Finding out how long an idle connection lives.
 *
 * @module
 */
import type {
  Failure,
  IdleEnd,
  IdleEvent,
  IdleSurvival,
  ResultEvent,
} from "../../events/mod.ts";
import { type MetricExpectation, verdict } from "../../measure/expectations.ts";
import { Messages } from "../../measure/messages.ts";
import { randomWord } from "../../measure/sizes.ts";
import { between, now, since } from "../../net/clock.ts";
import { DEFAULT_TIMEOUT } from "../../net/defaults.ts";
import { EchosounderError } from "../../net/errors.ts";
import { checkOptions, time } from "../../net/options.ts";
import { formatExactDuration } from "../../text/format.ts";
import type { TcpClientOptions } from "./echo.ts";
import { CONNECT_TCP_KINDS, connectTcp } from "./connect.ts";
import { IdleConnection, type IdleOutcome } from "./idle_connection.ts";

/** Options of {@linkcode measureIdle}. */
export interface MeasureIdleOptions extends TcpClientOptions {
  /** The first time to try, in milliseconds, more than 0. */
  shortest: number;
  /** The longest time to try, in milliseconds, more than that. */
  longest: number;
  /** Conditions that the result must meet. */
  expectations?: readonly MetricExpectation[];
  /** A name for the peer, for people: `started` has it. */
  label?: string;
  /** A name for this side, for people: `started` has it. */
  sourceLabel?: string;
}

/** The size of each message, in bytes. */
const SIZE = 64;

/** Into how many parts the distance that is left is cut: four times in half. */
const PARTS = 16;

/** A time for which a connection was idle, and how it ended, if it did. */
interface Trial {
  /** Microseconds. */
  idle: number;
  diedBy?: IdleEnd;
}

/**
 * Finds out how long a connection lives without a byte sent, such as until a NAT or
 * a firewall on the path forgets it. Each time is tried on a connection of its own
 * to an echo server: one message, the wait, one more message. First the shortest
 * time and its doubles up to the longest one are tried, all at once; then fifteen
 * times evenly between the longest that was survived and the shortest that was not,
 * all at once, too, which halves that distance four times. So a run takes twice the
 * longest time, and no more than twice the time at which connections die.
 *
 * @returns The result, also where the first messages were not answered (`passed`,
 * `failure`). That connections die is what is measured, and no failure.
 * @throws {EchosounderError} `invalid-option` for a wrong value; `cannot-resolve`,
 * `cannot-connect` or `stopped`, while connections are made.
 *
 * @example
 * ```ts
 * import { measureIdle, serveTcp } from "./mod.ts";
 *
 * await using server = serveTcp({
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   idleTimeout: 300,
 * });
 * const { idle } = await measureIdle({
 *   hostname: "127.0.0.1",
 *   port: server.addr.port,
 *   shortest: 50,
 *   longest: 1000,
 * });
 * console.log(idle?.survived_us, idle?.died_us, idle?.died_by); // … "close"
 * ```
 */
export async function measureIdle(
  options: MeasureIdleOptions,
): Promise<ResultEvent> {
  checkOptions(options, {
    ...CONNECT_TCP_KINDS,
    timeout: time,
    shortest: time,
    longest: time,
  });
  const { shortest, longest } = options;
  if (shortest <= 0 || longest <= shortest) {
    throw new EchosounderError(
      "invalid-option",
      `longest: ${longest} is not more than shortest, ${shortest}, which must be more than 0`,
    );
  }
  const search = new Search(options);
  await search.run();
  const result = search.result();
  await options.onEvent?.(result);
  return result;
}

/** The shortest time and its doubles, up to the longest. */
function doubles(shortest: number, longest: number): number[] {
  const times = [];
  for (let time = shortest; time < longest; time *= 2) times.push(time);
  return [...times, longest];
}

/** The times that cut a distance into parts. */
function sections(from: number, to: number): number[] {
  return Array.from(
    { length: PARTS - 1 },
    (_, i) => from + (i + 1) * (to - from) / PARTS,
  );
}

/** The search for the longest idle time, from its start to its end. */
class Search {
  readonly #options: MeasureIdleOptions;
  readonly #timeout: number;
  readonly #started = now();
  readonly #stopped = new AbortController();
  readonly #connections: IdleConnection[] = [];
  readonly #trials: Trial[] = [];
  #failure: Failure | undefined;

  constructor(options: MeasureIdleOptions) {
    this.#options = options;
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
  }

  /** Tries all times. */
  async run(): Promise<void> {
    const { shortest, longest, signal } = this.#options;
    const stop = () =>
      this.#fail({ code: "stopped", message: "stopped before the end" });
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await this.#round(doubles(shortest * 1000, longest * 1000), true);
      const { survived_us, died_us } = this.#survival();
      if (died_us === undefined || this.#failure !== undefined) return;
      await this.#round(sections(survived_us, died_us), false);
    } finally {
      signal?.removeEventListener("abort", stop);
      for (const connection of this.#connections) connection.close();
    }
  }

  #fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#stopped.abort();
    for (const connection of this.#connections) connection.close();
  }

  /**
   * Tries times, in microseconds, all at once, each on a connection of its own. In
   * the first round, once one has died, those that would wait for longer are closed;
   * in the second, they differ too little to be worth it.
   */
  async #round(times: number[], isFirst: boolean): Promise<void> {
    const connected = await Promise.allSettled(
      times.map((_, i) => this.#connect(isFirst && i === 0)),
    );
    const made = connected.flatMap((each) =>
      each.status === "fulfilled" ? each.value : []
    );
    this.#connections.push(...made);
    const failed = connected.find(({ status }) => status === "rejected");
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    if (isFirst) await this.#tellStart(made);
    const waiting = new Map(
      made.map((connection, i) => [connection, {
        time: times[i],
        quit: new AbortController(),
      }]),
    );
    await Promise.all(made.map(async (connection) => {
      const { time, quit } = waiting.get(connection)!;
      const trial = await this.#try(connection, time, quit.signal);
      waiting.delete(connection);
      connection.close();
      if (trial?.diedBy === undefined || !isFirst) return;
      for (const other of waiting.values()) {
        if (other.time > trial.idle) other.quit.abort();
      }
    }));
  }

  async #connect(isFirst: boolean): Promise<IdleConnection> {
    const { onEvent } = this.#options;
    const conn = await connectTcp({
      ...this.#options,
      // One stands for all.
      onEvent: isFirst ? onEvent : undefined,
    });
    return new IdleConnection(conn, this.#timeout);
  }

  async #tellStart(made: IdleConnection[]): Promise<void> {
    const { shortest, longest, connectTimeout = DEFAULT_TIMEOUT } =
      this.#options;
    // A round connects, asks, waits and asks again.
    const round = connectTimeout + longest + 2 * this.#timeout;
    await this.#options.onEvent?.({
      event: "started",
      target: this.#options.hostname,
      ...made[0].peer,
      label: this.#options.label,
      source_label: this.#options.sourceLabel,
      service: "idle",
      size: SIZE,
      connections: made.length,
      shortest_idle_us: shortest * 1000,
      longest_idle_us: longest * 1000,
      at_most_us: 2 * round * 1000,
      timeout_us: this.#timeout * 1000,
    });
  }

  /** Asks, leaves a connection idle, and asks again; `undefined` where that came to nothing. */
  async #try(
    connection: IdleConnection,
    time: number,
    quit: AbortSignal,
  ): Promise<Trial | undefined> {
    const messages = new Messages({ size: SIZE }, randomWord());
    const message = (sequence: number) => {
      const bytes = new Uint8Array(SIZE);
      messages.fill(bytes, 0, sequence, 0, SIZE);
      return bytes;
    };
    const first = await connection.ask(message(1));
    if (!("rtt_us" in first)) {
      this.#fail(this.#firstFailure(first));
      return undefined;
    }
    const signal = AbortSignal.any([quit, this.#stopped.signal]);
    const ended = await connection.rest(time, signal);
    if (signal.aborted) return undefined;
    const idle = connection.idle;
    const outcome = ended ?? await connection.ask(message(2));
    if (this.#stopped.signal.aborted) return undefined;
    if ("failure" in outcome) {
      this.#fail(outcome.failure);
      return undefined;
    }
    const trial: Trial = "diedBy" in outcome
      ? { idle, diedBy: outcome.diedBy }
      : { idle };
    this.#trials.push(trial);
    const event: IdleEvent = "diedBy" in outcome
      ? { event: "idle", idle_us: idle, died_by: outcome.diedBy }
      : { event: "idle", idle_us: idle, rtt_us: outcome.rtt_us };
    await this.#options.onEvent?.(event);
    return trial;
  }

  /** Why a connection that has not been idle yet did not answer. */
  #firstFailure(outcome: Exclude<IdleOutcome, { rtt_us: number }>): Failure {
    if ("failure" in outcome) return outcome.failure;
    const when = "before any wait: is it an echo server?";
    switch (outcome.diedBy) {
      case "silence":
        return {
          code: "no-answer",
          message: `no answer for ${
            formatExactDuration(this.#timeout * 1000)
          } ${when}`,
        };
      case "reset":
      case "close":
        return {
          code: "closed-early",
          message: `the peer ${
            outcome.diedBy === "reset" ? "reset" : "closed"
          } a connection ${when}`,
        };
    }
  }

  #survival(): IdleSurvival {
    const survived = Math.max(
      0,
      ...this.#trials.filter(({ diedBy }) => diedBy === undefined)
        .map(({ idle }) => idle),
    );
    const died = this.#trials.filter(({ diedBy }) => diedBy !== undefined)
      .toSorted((one, other) => one.idle - other.idle);
    const beyond = died.find(({ idle }) => idle > survived);
    const contradictions = died.filter(({ idle }) => idle <= survived).length;
    return {
      survived_us: between(0, survived),
      died_us: beyond?.idle,
      died_by: beyond?.diedBy,
      contradictions: contradictions || undefined,
    };
  }

  /** The result, as far as it came. */
  result(): ResultEvent {
    const sum = (
      key: "messagesSent" | "messagesReceived" | "bytesSent" | "bytesReceived",
    ) => this.#connections.reduce((total, each) => total + each[key], 0);
    const figures = {
      messages_sent: sum("messagesSent"),
      messages_received: sum("messagesReceived"),
      bytes_sent: sum("bytesSent"),
      bytes_received: sum("bytesReceived"),
      duration_us: since(this.#started),
      idle: this.#trials.length > 0 ? this.#survival() : undefined,
    };
    return {
      event: "result",
      ...verdict(figures, this.#failure, this.#options.expectations ?? []),
      ...figures,
    };
  }
}
