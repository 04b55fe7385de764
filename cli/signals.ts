/**
 * Signals that ask a program to stop, or what it has done so far.
 *
 * @module
 */
import { STOPPED } from "./exit_codes.ts";
import { endProcess } from "./threads.ts";

const IS_WINDOWS = Deno.build.os === "windows";

/** On Windows, Deno can listen for Ctrl+C, Ctrl+Break and the closing of the console only. */
const STOP_SIGNALS: Deno.Signal[] = IS_WINDOWS
  ? ["SIGINT", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Asks for the figures so far. */
const PROGRESS_SIGNAL: Deno.Signal = IS_WINDOWS ? "SIGBREAK" : "SIGUSR1";

/**
 * Signals closer together than this, in milliseconds, are one request: a task
 * runner passes on to its program what the terminal has sent to both, and does so
 * late on a busy machine.
 */
const ONE_REQUEST = 500;

/**
 * Ends the process at once on the second Ctrl+C (or SIGTERM, or SIGHUP).
 *
 * @param stop Called on the first.
 */
export function onStopSignal(stop: (signal: Deno.Signal) => void): void {
  let firstAt: number | undefined;
  for (const signal of STOP_SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        stop(signal);
      } else if (performance.now() - firstAt > ONE_REQUEST) {
        endProcess(STOPPED);
      }
    });
  }
}

/** Calls back on each signal that asks for the figures so far. */
export function onProgressSignal(tell: () => void): void {
  Deno.addSignalListener(PROGRESS_SIGNAL, tell);
}
