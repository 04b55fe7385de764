/**
 * The program `udp-client`.
 *
 * @module
 */
import { limitsOf } from "../measure/sizes.ts";
import { echoUdp } from "../udp/client/echo.ts";
import { measureUdp } from "../udp/client/measure.ts";
import { measureUdpUnderLoad } from "../udp/client/under_load.ts";
import { readAuthKey } from "./auth_key.ts";
import { MANY_FLOWS } from "./threads.ts";
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
    const { payloads, ...order } = readUdpOrder(line);
    const key = await readAuthKey(options["auth-key-file"]);
    const stamp = { key, clockSynchronized: options["clock-synchronized"] };
    return await runClient(session, {
      targets: await targetsOf(line),
      payloads,
      definition: UDP_CLIENT,
      order,
      metrics: options.metrics,
      run: (target) => {
        const retryFor = options["retry-for"];
        const sourcePort = options["source-port"];
        const { payload, ...rest } = target;
        const common = { ...order, sourcePort, retryFor, ...rest };
        if (payload instanceof Uint8Array) {
          return echoUdp({ ...common, payload });
        }
        const { size } = payload;
        if (options["under-load"]) {
          const { onDelays: _, ...probing } = common;
          return measureUdpUnderLoad({
            ...probing,
            ...underLoadOf(options),
            ...bulkOf(options, target, order),
            size,
          });
        }
        return isMeasuring(options)
          ? measureUdp({ ...common, size, stamp })
          : echoUdp({ ...common, payload: { size: limitsOf(size).most } });
      },
    });
  },
});
