/**
 * The program `tcp-client`.
 *
 * @module
 */
import { patternPieces } from "../measure/messages.ts";
import { echoTcp } from "../tcp/client/echo.ts";
import { measureTcp } from "../tcp/client/measure.ts";
import type { CommandLine } from "./command_line/parse.ts";
import { MANY_FLOWS } from "./own_thread.ts";
import { runProgram } from "./program.ts";
import { TCP_CLIENT } from "./roles.ts";
import { isMeasuring, readOrder, runClient, tellsMessages } from "./client.ts";
import { UsageError } from "./command_line/values.ts";

type TcpClientLine = CommandLine<typeof TCP_CLIENT.options>;

await runProgram({
  definition: TCP_CLIENT,
  whenFull: "wait",
  hasManyFlows: ({ options }) => (options.connections ?? 1) > MANY_FLOWS,
  isTeaching: ({ options }) => !isMeasuring(options),
  hasLiveLine: ({ options }) => isMeasuring(options) && !tellsMessages(options),
  hasDataOutput: ({ options }) => options.stdin,
  run: (line, session) => {
    const { options } = line;
    checkPayload(line);
    const order = readOrder("TCP", line);
    return runClient(session, (signal) => {
      const common = {
        ...order,
        connectTimeout: options["connect-timeout"],
        retryFor: options["retry-for"],
        signal,
        onEvent: session.tell,
      };
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
      const { payload } = order;
      return echoTcp({
        ...common,
        payload: payload instanceof Uint8Array
          ? [payload]
          : patternPieces(payload.size),
      });
    });
  },
});

/** Whether what is to be sent goes together, on a stream. */
function checkPayload({ options, positionals }: TcpClientLine): void {
  const nothing = options.size === 0 || positionals[1] === "";
  if (isMeasuring(options) && nothing) {
    throw new UsageError(
      "nothing comes back of an empty message: TCP needs a byte to measure with",
    );
  }
  if (!options.stdin) return;
  const other = positionals[1] !== undefined
    ? "MESSAGE"
    : options.size !== undefined
    ? "--size"
    : isMeasuring(options)
    ? "a measuring option"
    : undefined;
  if (other !== undefined) {
    throw new UsageError(
      `--stdin and ${other} exclude each other: each says what to send`,
    );
  }
}
