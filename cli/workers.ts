/**
 * Whether a program can run in as many threads as `--workers` says.
 *
 * @module
 */
import { UsageError } from "./command_line/values.ts";
import { canHaveThreads } from "./threads.ts";

/**
 * Checks that there can be further threads.
 *
 * @throws {UsageError} Where the program may not read its own text.
 */
export function checkThreads(workers: number): void {
  if (workers === 1 || canHaveThreads()) return;
  throw new UsageError(
    "--workers is for the executables and the npm package, which carry what their threads run; from source, Deno also needs --allow-read for that",
  );
}
