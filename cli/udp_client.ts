/**
 * The program `udp-client`.
 *
 * @module
 */
import { echoUdp } from "../udp/client.ts";
import { runProgram } from "./program.ts";
import { UDP_CLIENT } from "./roles.ts";
import { isMeasuring, readOrder, runClient } from "./sound.ts";

await runProgram({
  definition: UDP_CLIENT,
  whenFull: "wait",
  isTeaching: ({ options }) => !isMeasuring(options),
  run: ({ options, given, positionals }, session) => {
    const order = readOrder(options, given, positionals);
    return runClient(session, (signal) =>
      echoUdp({
        ...order,
        timeout: options.timeout,
        retryFor: options["retry-for"],
        signal,
        onEvent: session.tell,
      }));
  },
});
