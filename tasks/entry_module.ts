/**
 * Each role's entry module, and the flags and environment that Deno runs it with.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Role } from "../cli/roles.ts";

/**
 * A role's permissions and other flags for Deno. Almost all that a message
 * allocates is garbage at once: semi-spaces of 4 MB are as fast as V8's default of
 * 16 MB, and halve the memory of a server with many clients.
 */
export const ROLE_FLAGS = [
  "--allow-net",
  "--no-prompt",
  "--unstable-net",
  "--v8-flags=--max-semi-space-size=4",
];

/**
 * The environment that a role is started with, so that many flows are served
 * evenly.
 *
 * Deno takes up to 1024 ready sockets from the system at once and serves 128 of
 * them; the others wait behind those that become ready meanwhile. Above some 110
 * busy sockets, some wait for seconds. With this setting it takes 64 at once,
 * serves them all, and asks again (`docs/benchmarks.md` has the effect). Deno reads it
 * when a thread starts, so a program cannot set it for its main thread: see
 * `cli/threads.ts`.
 */
export const ROLE_ENVIRONMENT = {
  DENO_TOKIO_MAX_IO_EVENTS_PER_TICK: "64",
};

/** The path of the programs' configuration: what they import, and its lock. */
export const ROLE_CONFIGURATION: string = fileURLToPath(
  new URL("../cli/deno.json", import.meta.url),
);

/** The path of a role's entry module. */
export function entryModule(role: Role): string {
  return fileURLToPath(
    new URL(`../cli/${role.replace("-", "_")}.ts`, import.meta.url),
  );
}
