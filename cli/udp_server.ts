/**
 * The program `udp-server`.
 *
 * @module
 */
import { serveUdp } from "../udp/server/server.ts";
import { readAuthKey } from "./auth_key.ts";
import { checkNoneNeeds } from "./command_line/combinations.ts";
import { DONE } from "./exit_codes.ts";
import { runProgram } from "./program.ts";
import { UDP_SERVER } from "./roles.ts";
import { runServer } from "./server.ts";

/** Options that only a reflector has. */
const STAMP_OPTIONS = [
  "stateless",
  "clock-synchronized",
  "auth-key-file",
] as const;

await runProgram({
  definition: UDP_SERVER,
  whenFull: "drop",
  gather: 10,
  isOneShot: ({ options }) => options.once,
  run: async ({ options, given }, session) => {
    if (options.service !== "stamp") {
      checkNoneNeeds(
        "--service stamp",
        STAMP_OPTIONS,
        (name) => given.has(name),
      );
    }
    const key = await readAuthKey(options["auth-key-file"]);
    await runServer(session, {
      definition: UDP_SERVER,
      grace: options.grace,
      metrics: options.metrics,
      allow: options.allow,
      serve: (signal, onEvent) =>
        serveUdp({
          hostname: options.host,
          port: given.has("port") ? options.port : undefined,
          service: options.service,
          stamp: {
            stateless: options.stateless,
            clockSynchronized: options["clock-synchronized"],
            key,
          },
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
