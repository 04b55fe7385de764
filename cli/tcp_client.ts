/**
 * The program `tcp-client`.
 *
 * @module
 */
import { patternPieces } from "../measure/messages.ts";
import { limitsOf } from "../measure/sizes.ts";
import { echoTcp } from "../tcp/client/echo.ts";
import { measureTcp } from "../tcp/client/measure.ts";
import { concludeTcp, runTcp } from "../tcp/client/run.ts";
import { measureConnect } from "../tcp/client/measure_connect.ts";
import { measureIdle } from "../tcp/client/measure_idle.ts";
import { measureTcpUnderLoad } from "../tcp/client/under_load.ts";
import { runInThreads, runShare } from "./client_threads.ts";
import { MANY_FLOWS } from "./threads.ts";
import { runProgram } from "./program.ts";
import { TCP_CLIENT } from "./roles.ts";
import { isMeasuring, printsMessages } from "./client.ts";
import { runClient } from "./run_client.ts";
import { targetsOf } from "./targets.ts";
import { probeOf, readTcpOrder } from "./tcp_order.ts";
import { underLoadOf } from "./under_load.ts";

await runProgram({
  definition: TCP_CLIENT,
  whenFull: "wait",
  hasManyFlows: ({ options }) =>
    options.workers === 1 && (options.connections ?? 1) > MANY_FLOWS,
  work: (line) => {
    const { options } = line;
    const order = readTcpOrder(line);
    runShare((share, part) =>
      runTcp({
        ...order,
        connectTimeout: options["connect-timeout"],
        retryFor: options["retry-for"],
        ...share,
      }, part)
    );
  },
  isOneShot: ({ options }) =>
    !isMeasuring(options) && probeOf(options) !== "idle",
  hasDetail: ({ options }) => printsMessages(options),
  hasLiveLine: ({ options }) =>
    isMeasuring(options) && !printsMessages(options),
  hasDataOutput: ({ options }) => options.stdin,
  run: async (line, session) => {
    const { options } = line;
    const order = readTcpOrder(line);
    return await runClient(session, {
      targets: await targetsOf(line),
      payloads: order.payloads,
      definition: TCP_CLIENT,
      order,
      metrics: options.metrics,
      startAt: options["start-at"],
      run: (target) => {
        const common = {
          ...order,
          connectTimeout: options["connect-timeout"],
          retryFor: options["retry-for"],
          ...target,
        };
        if (options["under-load"]) {
          // The delays of all phases together are no picture of anything.
          const { onDelays: _, ...probing } = common;
          return measureTcpUnderLoad({ ...probing, ...underLoadOf(options) });
        }
        const { idle, "connect-only": isConnecting } = options;
        if (idle) return measureIdle({ ...common, ...idle });
        if (isConnecting) {
          return measureConnect(
            // Alone, it tells of its one connection.
            isMeasuring(options)
              ? common
              : { ...common, count: 1, detail: true },
          );
        }
        if (options.workers > 1) {
          return runInThreads({
            ...target,
            workers: options.workers,
            options: order,
            isDatagrams: false,
            knowsLoss: false,
          }).then((outcome) => concludeTcp(common, outcome));
        }
        if (isMeasuring(options)) return measureTcp(common);
        if (options.stdin) {
          return echoTcp({
            ...common,
            payload: Deno.stdin.readable,
            onEcho: async (piece) => {
              await session.stdout.write(piece.slice());
            },
          });
        }
        const { payload } = target;
        return echoTcp({
          ...common,
          payload: payload instanceof Uint8Array
            ? [payload]
            : patternPieces(limitsOf(payload.size).most),
        });
      },
    });
  },
});
