/**
 * Being asked to stop.
 *
 * @module
 */
import { STOPPED } from "./exit_codes.ts";

/** Windows knows Ctrl+C and Ctrl+Break, and cannot listen for the others. */
const STOP_SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Calls back on the first Ctrl+C (or SIGTERM, or Ctrl+Break); the second one
 * ends the process at once.
 */
export function onStopSignal(stop: (signal: Deno.Signal) => void): void {
  let stopping = false;
  for (const signal of STOP_SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (stopping) Deno.exit(STOPPED);
      stopping = true;
      stop(signal);
    });
  }
}
