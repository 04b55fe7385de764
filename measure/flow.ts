/**
 * The interface between a run and its connections or sockets.
 *
 * @module
 */
import type { Failure } from "../events/mod.ts";
import type { Messages } from "./messages.ts";
import type { Brake } from "./pacer.ts";
import type { Tally } from "./tally.ts";
import type { TimeoutClock } from "./timeout_clock.ts";

/** Up to this many flows cannot starve each other: the runtime serves them all in one turn. */
export const FEW_FLOWS = 64;

/** One connection or socket of a run. */
export interface Flow {
  /** Why it ended early. */
  readonly failure: Failure | undefined;
  /** When the oldest message in flight was sent; `undefined` where none is. */
  readonly waitingSince: number | undefined;
  /** Whether something has been waited for beyond the timeout. */
  readonly isOverdue: boolean;
  /**
   * Sends and counts the messages of the tally's schedule until none is left and
   * each is answered or given up.
   */
  run(tally: Tally): Promise<void>;
  /** Sends whatever may be sent now. */
  pump(): void;
  /** Sends nothing more; what is in flight may still be answered. */
  stop(): void;
  /** Gives up what is overdue. */
  giveUp(): void;
  /** Ends it, and its current run. */
  fail(failure: Failure): void;
  /** Receives what may still arrive, then closes in order. */
  finish(): Promise<void>;
}

/** Shared by the flows of a run. */
export interface FlowContext {
  /** Measures waits, without the time in which the client itself stood still. */
  clock: TimeoutClock;
  /** Pauses the sending of all of them. */
  brake: Brake;
}

/** What a flow is given, whatever its messages travel on. */
export interface FlowOptions extends FlowContext {
  /** The messages to send. */
  messages: Messages;
  /** Messages in flight at once. */
  pipeline: number;
  /** Milliseconds after which an outstanding answer is given up. */
  timeout: number;
  /** Its number among the run's flows, from 0. */
  index: number;
}
