/**
 * The program `udp-client`.
 *
 * @module
 */
import { echoUdp } from "../udp/client/echo.ts";
import { SMALLEST_MEASURED } from "../udp/client/probe_socket.ts";
import { measureUdp } from "../udp/client/measure.ts";
import { MANY_FLOWS } from "./own_thread.ts";
import { runProgram } from "./program.ts";
import { UDP_CLIENT } from "./roles.ts";
import {
  type ClientValues,
  isMeasuring,
  readOrder,
  runClient,
  tellsMessages,
} from "./client.ts";
import { UsageError } from "./command_line/values.ts";

await runProgram({
  definition: UDP_CLIENT,
  whenFull: "wait",
  hasManyFlows: ({ options }) => (options.connections ?? 1) > MANY_FLOWS,
  isTeaching: ({ options }) => !isMeasuring(options),
  hasLiveLine: ({ options }) => isMeasuring(options) && !tellsMessages(options),
  run: (line, session) => {
    const { options } = line;
    const { payload, ...order } = readOrder("UDP", line);
    checkSize(options);
    return runClient(session, (signal) => {
      const common = {
        ...order,
        retryFor: options["retry-for"],
        signal,
        onEvent: session.tell,
      };
      return payload instanceof Uint8Array || !isMeasuring(options)
        ? echoUdp({ ...common, payload })
        : measureUdp({ ...common, size: payload.size });
    });
  },
});

/** Whether datagrams are large enough to be told apart, where their answers are compared. */
function checkSize(options: ClientValues): void {
  const { size, service = "echo" } = options;
  if (!isMeasuring(options) || size === undefined || service !== "echo") return;
  if (size < SMALLEST_MEASURED) {
    throw new UsageError(
      `--size ${size}: ${SMALLEST_MEASURED} bytes are the least to measure with, for stream, sequence number and time stamp`,
    );
  }
}
