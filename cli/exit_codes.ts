/**
 * What the programs' exit codes mean: the same for all four.
 *
 * @module
 */
import type { ErrorEvent } from "../events/line.ts";

/** Done, and everything that was asked for held. */
export const DONE = 0;
/** The check failed: an echo differed, data was lost, an expectation did not hold. */
export const FAILED = 1;
/** The command line was wrong. */
export const USAGE = 2;
/** Cannot bind, resolve or connect. */
export const UNREACHABLE = 3;
/** No answer in time, or the peer closed early. */
export const NO_ANSWER = 4;
/** Stopped by Ctrl+C: a client by the first, a server by the second. */
export const STOPPED = 130;

/** What the exit codes mean, in words. */
export const EXIT_CODE_MEANINGS: [code: number, meaning: string][] = [
  [DONE, "done, and everything that was asked for held"],
  [
    FAILED,
    "the check failed: an echo differed, data was lost, or --expect did not hold",
  ],
  [USAGE, "usage: the command line was wrong"],
  [UNREACHABLE, "unreachable: cannot bind, resolve or connect"],
  [NO_ANSWER, "no answer in time, or the peer closed early"],
  [
    STOPPED,
    "a client stopped before the end of its run, or anything by a second Ctrl+C",
  ],
];

/** The exit code that an error leads to. */
export const EXIT_CODES: Record<
  ErrorEvent["code"],
  ErrorEvent["exit_code"]
> = {
  "usage": USAGE,
  "invalid-option": USAGE,
  "cannot-bind": UNREACHABLE,
  "cannot-resolve": UNREACHABLE,
  "cannot-connect": UNREACHABLE,
  "failed": UNREACHABLE,
  "difference": FAILED,
  "loss": FAILED,
  "errors": FAILED,
  "expectation": FAILED,
  "internal": FAILED,
  "no-answer": NO_ANSWER,
  "closed-early": NO_ANSWER,
  "stopped": STOPPED,
};
