/**
 * A sequence of attempts to connect, each measured and closed again.
 *
 * @module
 */
import type {
  ClientObserver,
  ConnectedEvent,
  ConnectFailedEvent,
  ConnectFailureReason,
  ConnectFailures,
  Failure,
} from "../../events/mod.ts";
import type { Flow, FlowContext } from "../../measure/flow.ts";
import { type PacedFlow, Pacer } from "../../measure/pacer.ts";
import type { Tally } from "../../measure/tally.ts";
import { Backoff } from "../../net/backoff.ts";
import { between, now } from "../../net/clock.ts";
import { close } from "../../net/close.ts";
import { describeError, isReset, systemCode } from "../../net/errors.ts";
import { type Connection, type ConnectionOptions, open } from "./connection.ts";

/** Options of {@linkcode ConnectAttempts}. */
export interface ConnectAttemptsOptions
  extends FlowContext, Omit<ConnectionOptions, "signal"> {
  /** Attempts under way at once. */
  pipeline: number;
  /** Milliseconds after which an attempt is given up. */
  timeout: number;
  /** Its number among the run's flows, from 0. */
  index: number;
  /** Called for each attempt. */
  onEvent?: ClientObserver<ConnectedEvent | ConnectFailedEvent>;
}

/** An attempt, and what became of it. */
interface Attempt {
  readonly sequence: number;
  readonly due: number;
  readonly startedAt: number;
  /** Whether the path delayed it. */
  readonly wasHeld: boolean;
  readonly quit: AbortController;
  /** Absent while it is under way; `unmade`: this machine itself could not make it. */
  fate?: "connected" | "failed" | "unmade";
}

/** Milliseconds until the next attempt, after this machine could not make one. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 100;

/** Connects, again and again, and closes each connection as soon as it is there. */
export class ConnectAttempts implements Flow, PacedFlow {
  /** The attempts of the current phase that failed. */
  failures: ConnectFailures = noFailures();
  /** Why the last one failed, in words. */
  lastFailure: string | undefined;
  readonly #options: ConnectAttemptsOptions;
  readonly #pacer: Pacer;
  /** The oldest attempt under way, and all after it. */
  readonly #attempts: Attempt[] = [];
  #sequence = 0;
  #underWay = 0;
  readonly #backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  /** Runs while this machine recovers from what it could not do. */
  #recovery: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectAttemptsOptions) {
    this.#options = options;
    this.#pacer = new Pacer(this, options.brake);
  }

  /** Why it ended early. */
  get failure(): Failure | undefined {
    return this.#pacer.failure;
  }

  get inFlight(): number {
    return this.#underWay;
  }

  /** Nothing is sent over them. */
  readonly nextSize = 0;

  get waitingSince(): number | undefined {
    return this.#attempts[0]?.startedAt;
  }

  get isOverdue(): boolean {
    return this.failure === undefined && this.#attempts.length > 0 &&
      this.#isOverdue(this.#attempts[0]);
  }

  #isOverdue({ startedAt }: Attempt): boolean {
    const { clock, timeout } = this.#options;
    return clock.waited(startedAt) >= timeout * 1000;
  }

  run(tally: Tally): Promise<void> {
    this.failures = noFailures();
    return this.#pacer.begin(tally);
  }

  pump(time = now()): void {
    while (this.#recovery === undefined) {
      const hasRoom = this.#underWay < this.#options.pipeline;
      const due = this.#pacer.next(time, hasRoom);
      if (due === undefined) return;
      this.#begin(due);
    }
  }

  #begin(due: number): void {
    const quit = new AbortController();
    const wasHeld = this.#pacer.wasHeld(due);
    const startedAt = now();
    const attempt: Attempt = {
      sequence: ++this.#sequence,
      due,
      startedAt,
      wasHeld,
      quit,
    };
    this.#attempts.push(attempt);
    this.#underWay++;
    this.#pacer.tally!.sent(this.#options.index, due, startedAt, wasHeld);
    const { hostname, port, bind } = this.#options;
    open({ hostname, port, bind, signal: quit.signal }).then(
      (conn) => this.#connected(attempt, conn),
      (error) => this.#failed(attempt, error),
    );
  }

  #connected(attempt: Attempt, conn: Connection): void {
    const at = now();
    const { localAddr, remoteAddr } = conn;
    close(conn);
    // It was given up at the moment at which it was answered.
    if (attempt.fate !== undefined || this.failure) return;
    attempt.fate = "connected";
    this.#backoff.reset();
    const delay = this.#pacer.tally!.answered(
      this.#options.index,
      attempt.due,
      attempt.startedAt,
      at,
    );
    this.#pacer.await(
      this.#options.onEvent?.({
        event: "connected",
        sequence: attempt.sequence,
        peer_host: remoteAddr.hostname,
        peer_port: remoteAddr.port,
        local_host: localAddr.hostname,
        local_port: localAddr.port,
        connect_us: delay,
      }),
    );
    this.#end(at);
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (attempt.fate !== undefined || this.failure) return;
    const reason = reasonOf(error);
    if (reason === undefined) return this.#unmade(attempt, error);
    const at = now();
    this.#pacer.tally!.moved(at);
    this.#lost(attempt, reason, describeError(error), at);
    this.#end(at);
  }

  #lost(
    attempt: Attempt,
    reason: ConnectFailureReason,
    detail: string,
    at: number,
  ): void {
    const { startedAt, sequence, due } = attempt;
    attempt.fate = "failed";
    this.lastFailure = detail;
    this.failures[reason === "timed-out" ? "timed_out" : reason]++;
    this.#pacer.tally!.gaveUp(this.#options.index, due, startedAt);
    const { hostname, port, onEvent } = this.#options;
    this.#pacer.await(
      onEvent?.({
        event: "connect-failed",
        sequence,
        peer_host: hostname,
        peer_port: port,
        reason,
        detail,
        waited_us: between(startedAt, at),
      }),
    );
  }

  /** Counts an attempt that says nothing about the path, and lets the machine recover. */
  #unmade(attempt: Attempt, error: unknown): void {
    attempt.fate = "unmade";
    const tally = this.#pacer.tally!;
    const { due, startedAt, wasHeld } = attempt;
    tally.refused(this.#options.index, due, startedAt, wasHeld);
    tally.failed(describeOwn(error, this.#options));
    // A schedule goes on by itself; what follows at once would only spin.
    if (!tally.schedule.isPaced) {
      this.#recovery ??= setTimeout(() => {
        this.#recovery = undefined;
        this.pump();
      }, this.#backoff.next());
    }
    this.#end(now());
  }

  /** Tells what is known of outages, in the order of the attempts, and goes on. */
  #end(at: number): void {
    this.#underWay--;
    this.#tell();
    this.pump(at);
    this.#pacer.settle();
  }

  #tell(): void {
    const outages = this.#pacer.tally!.outages!;
    const { index } = this.#options;
    while (this.#attempts[0]?.fate !== undefined) {
      const { fate, sequence, startedAt } = this.#attempts.shift()!;
      if (fate === "connected") outages.answered(index, sequence, startedAt);
      if (fate === "failed") outages.lost(index, sequence, startedAt);
    }
  }

  giveUp(): void {
    const at = now();
    for (const attempt of this.#attempts) {
      if (!this.#isOverdue(attempt)) break;
      if (attempt.fate !== undefined) continue;
      this.#lost(attempt, "timed-out", "no answer in time", at);
      attempt.quit.abort();
      this.#underWay--;
    }
    this.#tell();
    this.pump(at);
    this.#pacer.settle();
  }

  stop(): void {
    this.#pacer.stop();
  }

  fail(failure: Failure): void {
    clearTimeout(this.#recovery);
    this.#pacer.fail(failure);
    for (const { quit } of this.#attempts) quit.abort();
  }

  /** Every connection is closed already. */
  finish(): Promise<void> {
    clearTimeout(this.#recovery);
    return Promise.resolve();
  }
}

function noFailures(): ConnectFailures {
  return { refused: 0, timed_out: 0, unreachable: 0, reset: 0 };
}

const REASONS: Record<string, ConnectFailureReason> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timed-out",
  EHOSTUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETUNREACH: "unreachable",
  ENETDOWN: "unreachable",
};

/** What the peer or the path did; `undefined` where this machine could not even try. */
function reasonOf(error: unknown): ConnectFailureReason | undefined {
  return isReset(error) ? "reset" : REASONS[systemCode(error) ?? ""];
}

/** What this machine lacked, in words. */
function describeOwn(
  error: unknown,
  { bind }: ConnectAttemptsOptions,
): string {
  const isOutOfPorts = bind === undefined &&
    ["EADDRNOTAVAIL", "EADDRINUSE"].includes(systemCode(error) ?? "");
  return isOutOfPorts
    ? "no local port was free: each is kept for a minute after its connection"
    : describeError(error);
}
