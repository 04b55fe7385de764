/**
 * The program `udp-client`.
 *
 * @module
 */
import { limitsOf } from "../measure/sizes.ts";
import { echoUdp } from "../udp/client/echo.ts";
import { measureUdp } from "../udp/client/measure.ts";
import { MANY_FLOWS } from "./own_thread.ts";
import { runProgram } from "./program.ts";
import { UDP_CLIENT } from "./roles.ts";
import { isMeasuring, printsMessages } from "./client.ts";
import { runClient } from "./run_client.ts";
import { targetsOf } from "./targets.ts";
import { readUdpOrder } from "./udp_order.ts";

await runProgram({
  definition: UDP_CLIENT,
  whenFull: "wait",
  hasManyFlows: ({ options }) => (options.connections ?? 1) > MANY_FLOWS,
  isOneShot: ({ options }) => !isMeasuring(options),
  hasDetail: ({ options }) => printsMessages(options),
  hasLiveLine: ({ options }) =>
    isMeasuring(options) && !printsMessages(options),
  run: async (line, session) => {
    const { options } = line;
    const { payloads, ...order } = readUdpOrder(line);
    return await runClient(session, {
      targets: await targetsOf(line),
      payloads,
      interval: order.interval,
      run: (target) => {
        const retryFor = options["retry-for"];
        const { payload, ...rest } = target;
        const common = { ...order, retryFor, ...rest };
        if (payload instanceof Uint8Array) {
          return echoUdp({ ...common, payload });
        }
        const { size } = payload;
        return isMeasuring(options)
          ? measureUdp({ ...common, size })
          : echoUdp({ ...common, payload: { size: limitsOf(size).most } });
      },
    });
  },
});
