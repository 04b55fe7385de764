/**
 * Where a role's program begins, and what Deno is told with it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Role } from "../cli/roles.ts";

/**
 * What a role may do, and what it needs beside that, as Deno's flags. Most of
 * what a message leaves behind is garbage at once: room for 4 MB of it is as
 * fast as V8's own 16 MB, three times over, and lets a server with many clients
 * be half as large.
 */
export const ROLE_FLAGS = [
  "--allow-net",
  "--no-prompt",
  "--unstable-net",
  "--v8-flags=--max-semi-space-size=4",
];

/**
 * The environment that a role is started with, so that many flows get on evenly.
 *
 * Deno takes up to 1024 ready sockets from the system at once, serves 128 of
 * them, and those that it put off come after others that got ready meanwhile:
 * above some 110 busy sockets, some wait for seconds. It takes 64 at once here,
 * serves them all, and asks again (`BENCHMARKS.md` has what that comes to). It
 * reads this when a thread starts, so a program cannot set it for its main one:
 * see `cli/own_thread.ts`.
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
