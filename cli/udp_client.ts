/**
 * The program `udp-client`.
 *
 * @module
 */
import { echoUdp } from "../udp/client/echo.ts";
import { measureUdp } from "../udp/client/measure.ts";
import { measureUdpUnderLoad } from "../udp/client/under_load.ts";
import { MANY_FLOWS } from "./own_thread.ts";
import { runProgram } from "./program.ts";
import { UDP_CLIENT } from "./roles.ts";
import { isMeasuring, printsMessages } from "./client.ts";
import { runClient } from "./run_client.ts";
import { targetsOf } from "./targets.ts";
import { readUdpOrder } from "./udp_order.ts";
import { bulkOf, underLoadOf } from "./under_load.ts";

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
    const { payload, ...order } = readUdpOrder(line);
    return await runClient(session, {
      targets: await targetsOf(line),
      interval: order.interval,
      run: (target) => {
        const retryFor = options["retry-for"];
        const common = { ...order, retryFor, ...target };
        if (options["under-load"] && !(payload instanceof Uint8Array)) {
          const { onDelays: _, ...probing } = common;
          return measureUdpUnderLoad({
            ...probing,
            ...underLoadOf(options),
            ...bulkOf(options, target, order),
            size: payload.size,
          });
        }
        return payload instanceof Uint8Array || !isMeasuring(options)
          ? echoUdp({ ...common, payload })
          : measureUdp({ ...common, size: payload.size });
      },
    });
  },
});
