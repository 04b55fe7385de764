/**
 * The program `udp-client`.
 *
 * @module
 */
import { sizeOf } from "../measure/messages.ts";
import { limitsOf } from "../measure/sizes.ts";
import { echoUdp } from "../udp/client/echo.ts";
import { measureUdp } from "../udp/client/measure.ts";
import { concludeUdp, runUdp } from "../udp/client/run.ts";
import { measureUdpUnderLoad } from "../udp/client/under_load.ts";
import { readAuthKey } from "./auth_key.ts";
import { runInThreads, runShare } from "./client_threads.ts";
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
  hasManyFlows: ({ options }) =>
    options.workers === 1 && (options.connections ?? 1) > MANY_FLOWS,
  work: (line) => {
    const { options } = line;
    const { payloads: _, ...order } = readUdpOrder(line);
    const first = options["source-port"];
    runShare(({ payload, ...share }, part) =>
      runUdp({
        ...order,
        retryFor: options["retry-for"],
        sourcePort: first && first + part.firstFlow,
        ...share,
        size: sizeOf(payload),
      }, part)
    );
  },
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
      startAt: options["start-at"],
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
        if (options.workers > 1) {
          return runInThreads({
            ...target,
            workers: options.workers,
            options: order,
            isDatagrams: true,
            knowsLoss: order.service !== "discard",
          }).then((outcome) => concludeUdp({ ...common, size }, outcome));
        }
        return isMeasuring(options)
          ? measureUdp({ ...common, size, stamp })
          : echoUdp({ ...common, payload: { size: limitsOf(size).most } });
      },
    });
  },
});
