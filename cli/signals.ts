/**
 * Signals that ask a program to stop.
 *
 * @module
 */
import { STOPPED } from "./exit_codes.ts";
import { endProcess } from "./own_thread.ts";

/** On Windows, Deno can listen for Ctrl+C and Ctrl+Break only. */
const STOP_SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Signals closer together than this, in milliseconds, are one request: a task
 * runner passes on to its program what the terminal has sent to both.
 */
const ONE_REQUEST = 100;

/**
 * Ends the process at once on the second Ctrl+C (or SIGTERM, or Ctrl+Break).
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
