/**
 * The program `udp-client`.
 *
 * @module
 */
import { echoUdp } from "../udp/client/echo.ts";
import { measureUdp } from "../udp/client/measure.ts";
import { readAuthKey } from "./auth_key.ts";
import { MANY_FLOWS } from "./own_thread.ts";
import { runProgram } from "./program.ts";
import { UDP_CLIENT } from "./roles.ts";
import { isMeasuring, printsMessages, runClient } from "./client.ts";
import { readUdpOrder } from "./udp_order.ts";

await runProgram({
  definition: UDP_CLIENT,
  whenFull: "wait",
  hasManyFlows: ({ options }) => (options.connections ?? 1) > MANY_FLOWS,
  isOneShot: ({ options }) => !isMeasuring(options),
  hasLiveLine: ({ options }) =>
    isMeasuring(options) && !printsMessages(options),
  run: async (line, session) => {
    const { options } = line;
    const { payload, ...order } = readUdpOrder(line);
    const key = options["auth-key-file"] === undefined
      ? undefined
      : await readAuthKey(Deno.stdin.readable);
    const stamp = { key, clockSynchronized: options["clock-synchronized"] };
    return await runClient(session, (signal) => {
      const common = {
        ...order,
        sourcePort: options["source-port"],
        retryFor: options["retry-for"],
        signal,
        onEvent: session.print,
        onDelays: session.onDelays,
      };
      return payload instanceof Uint8Array || !isMeasuring(options)
        ? echoUdp({ ...common, payload })
        : measureUdp({ ...common, size: payload.size, stamp });
    });
  },
});
