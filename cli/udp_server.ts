/**
 * The program `udp-server`.
 *
 * @module
 */
import { serveUdp } from "../udp/server/server.ts";
import { DONE } from "./exit_codes.ts";
import { runProgram } from "./program.ts";
import { UDP_SERVER } from "./roles.ts";
import { runServer } from "./server.ts";

await runProgram({
  definition: UDP_SERVER,
  whenFull: "drop",
  isOneShot: ({ options }) => options.once,
  run: async ({ options }, session) => {
    await runServer(session, {
      definition: UDP_SERVER,
      grace: options.grace,
      metrics: options.metrics,
      allow: options.allow,
      serve: (signal, onEvent) =>
        serveUdp({
          hostname: options.host,
          port: options.port,
          service: options.service,
          once: options.once,
          allow: options.allow,
          loopGuard: options["loop-guard"] === "on",
          detail: options.once || options["log-level"] === "debug",
          signal,
          onEvent,
        }),
    });
    return DONE;
  },
});
