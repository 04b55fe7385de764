/**
 * The program `tcp-server`.
 *
 * @module
 */
import type { TcpServerEvent } from "../events/mod.ts";
import { serveTcp, type ServeTcpOptions } from "../tcp/server/server.ts";
import { CollectAfterBurst, collectGarbage } from "./collect_after_burst.ts";
import { exclude } from "./command_line/combinations.ts";
import type { OptionValues } from "./command_line/options.ts";
import { UsageError } from "./command_line/values.ts";
import { DONE, NO_ANSWER } from "./exit_codes.ts";
import { runProgram } from "./program.ts";
import { TCP_SERVER } from "./roles.ts";
import { runServer } from "./server.ts";
import { serveInThreads, serveShare } from "./server_threads.ts";
import { MANY_FLOWS } from "./threads.ts";
import { checkThreads } from "./workers.ts";

type Options = OptionValues<typeof TCP_SERVER.options>;

/** What is served, to whom, as the library takes it. */
function serving(options: Options): ServeTcpOptions {
  return {
    hostname: options.host,
    port: options.port,
    service: options.service,
    also: options.also,
    once: options.once,
    allow: options.allow,
    maxConnections: options["max-connections"],
    idleTimeout: options["idle-timeout"],
    readAhead: options["read-ahead"],
    detail: options.once || options["log-level"] === "debug",
  };
}

/** Passes events on, and sees by them when there is garbage to collect. */
function collectingGarbage(
  onEvent: (event: TcpServerEvent) => void,
): (event: TcpServerEvent) => void {
  const burst = new CollectAfterBurst(collectGarbage);
  return (event) => {
    burst.observe(event);
    onEvent(event);
  };
}

/** Checks that several threads can serve, and have something to divide. */
function checkWorkers({ workers, once }: Options): void {
  if (workers === 1) return;
  if (once) exclude("--once", "--workers", "one client is one thread's");
  if (Deno.build.os !== "linux") {
    throw new UsageError(
      "--workers: only Linux divides the clients of a port among threads",
    );
  }
  checkThreads(workers);
}

await runProgram({
  definition: TCP_SERVER,
  whenFull: "drop",
  gather: 10,
  hasManyFlows: ({ options }) =>
    !options.once && options.workers === 1 &&
    options["max-connections"] > MANY_FLOWS,
  isOneShot: ({ options }) => options.once,
  work: ({ options }) => serveShare(serving(options), collectingGarbage),
  run: async ({ options }, session) => {
    checkWorkers(options);
    const summary = await runServer(session, {
      definition: TCP_SERVER,
      grace: options.grace,
      metrics: options.metrics,
      allow: options.allow,
      maxConnections: options["max-connections"],
      serve: (signal, onEvent) =>
        options.workers > 1
          ? serveInThreads(options.workers, options, signal, onEvent)
          : serveTcp({
            ...serving(options),
            signal,
            onEvent: collectingGarbage(onEvent),
          }),
    });
    // The only client of `--once` broke off or stalled.
    const { failed, idle } = summary.connections;
    const broken = options.once && failed + idle > 0;
    return broken ? NO_ANSWER : DONE;
  },
});
