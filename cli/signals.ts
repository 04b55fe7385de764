/**
 * Being asked to stop.
 *
 * @module
 */
import { STOPPED } from "./exit_codes.ts";
import { endProcess } from "./own_thread.ts";

/** Windows knows Ctrl+C and Ctrl+Break, and cannot listen for the others. */
const STOP_SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Signals closer together than this, in milliseconds, are one request: a task
 * runner passes on to its program what the terminal has sent to both.
 */
const ONE_REQUEST = 100;

/**
 * Calls back on the first Ctrl+C (or SIGTERM, or Ctrl+Break); the second one
 * ends the process at once.
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
