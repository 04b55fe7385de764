/**
 * The examples as processes.
 *
 * @module
 */
import type { Role } from "../../cli/roles.ts";
import { type Outcome, TestProcess } from "./process.ts";
import { until } from "./until.ts";

/** An example's file, from the project's top folder. */
export function exampleFile(role: Role): string {
  return `examples/${role.replace("-", "_")}.ts`;
}

/** Starts an example as its readers do: with the network and nothing else. */
export function startExample(role: Role, args: string[]): TestProcess {
  return new TestProcess([
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-net",
    "--no-prompt",
    exampleFile(role),
    ...args,
  ]);
}

/** Waits for an example server to listen; returns its port. */
export async function listeningExample(server: TestProcess): Promise<number> {
  await server.shows("Listening on port ");
  await until(() => server.stdout.includes("\n"), "the end of its line");
  return Number(/Listening on port (\d+)\n/.exec(server.stdout)![1]);
}

/** Waits for a process to end; fails where it does not. */
export async function endOf(process: TestProcess): Promise<Outcome> {
  let ended = false;
  process.outcome().then(() => ended = true);
  await until(() => ended, `an end after ${process.stdout}`, 30_000);
  return await process.outcome();
}

/** Runs an example to its end. */
export async function runExample(role: Role, args: string[]): Promise<Outcome> {
  await using process = startExample(role, args);
  return await endOf(process);
}
