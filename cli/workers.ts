/**
 * What `--workers` can be had with.
 *
 * @module
 */
import type { Probe } from "../events/mod.ts";
import { exclude } from "./command_line/combinations.ts";
import { UsageError } from "./command_line/values.ts";
import type { ClientValues } from "./roles.ts";
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

/** Options of a client that leave several threads nothing to divide, and why. */
const UNDIVIDED = {
  "stdin": "it is one stream",
  "idle": "its connections wait, and need no processor",
  "connect-only":
    "it measures the path's time to connect, at a rate that one thread keeps",
  "under-load":
    "its bulk traffic is there to fill the path, which one thread does",
  "targets": "it divides the connections to one target",
  "interval": "it prints each message; --rate paces many connections",
  "burst": "a burst leaves back to back, from one thread",
} as const;

/**
 * Checks that a client's threads have something to divide.
 *
 * @throws {UsageError} Where they have not, or where there can be none.
 */
export function checkClientWorkers(
  { options, given, positionals }: {
    options: ClientValues;
    given: ReadonlySet<string>;
    positionals: readonly string[];
  },
  probe: Probe,
  isMeasuring: boolean,
): void {
  const { workers, connections = 1 } = options;
  if (workers === 1) return;
  for (const [name, why] of Object.entries(UNDIVIDED)) {
    // Not every client has every one of them.
    if (given.has(name)) exclude("--workers", `--${name}`, why);
  }
  if (probe === "stamp") {
    exclude(
      "--workers",
      "--service stamp",
      "its sessions share one clock, in one thread",
    );
  }
  if (options["log-level"] === "debug") {
    exclude("--workers", "--log-level debug", "it prints each message");
  }
  if (positionals.length > 1) {
    throw new UsageError("--workers divides the connections to one target");
  }
  if (options.size && "each" in options.size && options.size.each.length > 1) {
    exclude("--workers", "--size with a list", "each size is a run of its own");
  }
  if (!isMeasuring) {
    throw new UsageError(
      "--workers needs something to measure: --count, --duration or --rate",
    );
  }
  if (workers > connections) {
    throw new UsageError(
      `--workers ${workers}: each thread needs a connection; --connections is ${connections}`,
    );
  }
  checkThreads(workers);
}
