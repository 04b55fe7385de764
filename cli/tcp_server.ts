/**
 * The program `tcp-server`.
 *
 * @module
 */
import { serveTcp } from "../tcp/server/server.ts";
import { CollectAfterBurst, collectGarbage } from "./collect_after_burst.ts";
import { DONE, NO_ANSWER } from "./exit_codes.ts";
import { MANY_FLOWS } from "./own_thread.ts";
import { runProgram } from "./program.ts";
import { TCP_SERVER } from "./roles.ts";
import { runServer } from "./server.ts";

await runProgram({
  definition: TCP_SERVER,
  whenFull: "drop",
  hasManyFlows: ({ options }) =>
    !options.once && options["max-connections"] > MANY_FLOWS,
  isOneShot: ({ options }) => options.once,
  run: async ({ options }, session) => {
    const burst = new CollectAfterBurst(collectGarbage);
    const summary = await runServer(session, {
      definition: TCP_SERVER,
      grace: options.grace,
      metrics: options.metrics,
      allow: options.allow,
      maxConnections: options["max-connections"],
      serve: (signal, onEvent) =>
        serveTcp({
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
          signal,
          onEvent: (event) => {
            burst.observe(event);
            onEvent(event);
          },
        }),
    });
    // The only client of `--once` broke off or stalled.
    const { failed, idle } = summary.connections;
    const broken = options.once && failed + idle > 0;
    return broken ? NO_ANSWER : DONE;
  },
});
