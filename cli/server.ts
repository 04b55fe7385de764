/**
 * What both server programs share: running until they are stopped gracefully.
 *
 * @module
 */
import type {
  ServerFigures,
  TcpServerEvent,
  Transport,
  UdpServerEvent,
} from "../events/mod.ts";
import { type ListenAddress, serveMetrics } from "./metrics/endpoint.ts";
import { WatchedServer } from "./metrics/server_families.ts";
import type { Session } from "./program.ts";
import type { Role } from "./roles.ts";
import { onProgressSignal, onStopSignal } from "./signals.ts";

/** A server, whether in one thread or in several. */
export interface RunningServer<Summary> {
  /** What it has done so far. */
  figures(): ServerFigures | Promise<ServerFigures>;
  /** Stops accepting. */
  shutdown(): Promise<void>;
  /** Resolves with the summary when it has stopped and its clients are gone. */
  readonly finished: Promise<Summary>;
}

/** How a server is run. */
export interface ServerRun<Summary> {
  /** Whose it is. */
  definition: { role: Role; transport: Transport };
  /** How long clients may go on after the signal, in milliseconds. */
  grace: number;
  /** Where its metrics are served, if at all. */
  metrics: ListenAddress | undefined;
  /** The address blocks that are served; everyone where there are none. */
  allow: readonly string[];
  /** The most clients at once (TCP). */
  maxConnections?: number;
  /** Starts it; aborting the signal closes it at once. */
  serve: (
    signal: AbortSignal,
    onEvent: (event: TcpServerEvent | UdpServerEvent) => void,
  ) => RunningServer<Summary> | Promise<RunningServer<Summary>>;
}

/** Runs a server until it is done or stopped by a signal. */
export async function runServer<Summary>(
  session: Session,
  { definition, grace, metrics, allow, maxConnections, serve }: ServerRun<
    Summary
  >,
): Promise<Summary> {
  const { logger } = session;
  const watched = new WatchedServer(definition.transport, maxConnections);
  // Bound first: a server whose metrics cannot be had does not begin to serve.
  const bound = metrics && await serveMetrics({
    role: definition.role,
    address: metrics,
    allow,
    families: () => watched.families(),
    isHealthy: () => watched.isHealthy,
    onError: (error) => logger.error`metrics: ${String(error)}`,
  });
  const cutOff = new AbortController();
  session.outputClosed.addEventListener("abort", () => {
    logger.warning`standard output was closed by its reader; still serving`;
  });
  const { promise: started, resolve: start } = Promise.withResolvers<
    RunningServer<Summary>
  >();
  // Before it serves: who reads that it listens may stop it at once.
  onProgressSignal(async () => {
    const server = await started;
    session.print({ event: "progress", ...await server.figures() });
  });
  onStopSignal(async (signal) => {
    logger.info`${signal}: stopping gracefully; repeat it to stop at once`;
    watched.stopping();
    setTimeout(() => cutOff.abort(), grace);
    const server = await started;
    server.shutdown();
  });
  const server = await serve(cutOff.signal, (event) => {
    watched.observe(event);
    session.print(event);
  });
  start(server);
  watched.started(() => server.figures());
  if (bound) {
    const { hostname: host, port } = bound;
    session.print({ event: "metrics-listening", host, port });
  }
  return await server.finished;
}
