/**
 * What a run knows of its connections or sockets.
 *
 * @module
 */
import type { Failure } from "../events/mod.ts";
import type { Brake } from "./pacer.ts";
import type { Tally } from "./tally.ts";
import type { TimeoutClock } from "./timeout_clock.ts";

/** So few flows cannot starve each other: the runtime serves them all in a turn. */
export const FEW_FLOWS = 64;

/** One connection or socket of a run. */
export interface Flow {
  /** Why it is over before its end. */
  readonly failure: Failure | undefined;
  /** When the oldest message in flight was sent; `undefined` where none is. */
  readonly waitingSince: number | undefined;
  /** Whether something has been waited for until the time-out. */
  readonly isOverdue: boolean;
  /**
   * Sends what the tally's schedule hands out, and counts it, until there is
   * nothing left and everything is answered, or given up.
   */
  run(tally: Tally): Promise<void>;
  /** Sends whatever may be sent now. */
  pump(): void;
  /** Sends nothing more; what is in flight may still be answered. */
  stop(): void;
  /** Gives up what is overdue. */
  giveUp(): void;
  /** Ends it; a run that is under way ends, too. */
  fail(failure: Failure): void;
  /** Takes what may still come, and ends in order. */
  finish(): Promise<void>;
}

/** What the flows of a run share. */
export interface FlowContext {
  /** Says how long something has really been waited for. */
  clock: TimeoutClock;
  /** Holds all of them back for a moment. */
  brake: Brake;
}
