/**
 * What both server programs share: running until they are stopped gracefully.
 *
 * @module
 */
import type { TcpServer } from "../tcp/server/server.ts";
import type { UdpServer } from "../udp/server/server.ts";
import type { Session } from "./program.ts";
import { onProgressSignal, onStopSignal } from "./signals.ts";

/**
 * Runs a server until it is done or stopped by a signal.
 *
 * @param session The running program.
 * @param grace How long clients may go on after the signal, in milliseconds.
 * @param serve Starts the server; aborting the signal closes it at once.
 */
export async function runServer<Server extends TcpServer | UdpServer>(
  session: Session,
  grace: number,
  serve: (signal: AbortSignal) => Server,
): Promise<Awaited<Server["finished"]>> {
  const { logger } = session;
  const cutOff = new AbortController();
  session.outputClosed.addEventListener("abort", () => {
    logger.warning`standard output was closed by its reader; still serving`;
  });
  // Before it serves: who reads that it listens may stop it at once.
  onProgressSignal(() =>
    session.print({ event: "progress", ...server.figures() })
  );
  onStopSignal((signal) => {
    logger.info`${signal}: stopping gracefully; repeat it to stop at once`;
    server.shutdown();
    setTimeout(() => cutOff.abort(), grace);
  });
  const server = serve(cutOff.signal);
  return await server.finished as Awaited<Server["finished"]>;
}
