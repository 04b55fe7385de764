/**
 * A TCP server in several threads (`--workers`), seen as one.
 *
 * Each worker has a listening socket of its own on the same port, and the system
 * divides the clients among them. The limits are in memory that all share; events,
 * figures and the end come together here.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type {
  ListeningEvent,
  PortService,
  ServedConnections,
  ServerFigures,
  TcpServerEvent,
  TcpSummary,
} from "../events/mod.ts";
import {
  serveTcp,
  type ServeTcpOptions,
  sharedMemory,
} from "../tcp/server/server.ts";
import type { RunningServer } from "./server.ts";
import { Director, Thread } from "./threads.ts";

/** What a worker is told. */
type Told =
  | { do: "serve"; ports: Pick<ServeTcpOptions, "port" | "also" | "shared"> }
  | { do: "count" }
  | { do: "shut-down" }
  | { do: "cut-off" };

/** What a TCP server has done, which a worker answers where it is to count. */
type TcpFigures = ServerFigures & { connections: ServedConnections };

type Observer = (event: TcpServerEvent) => void;

/**
 * Serves a worker's share of the clients.
 *
 * @param options What every worker serves.
 * @param observing Wraps what is called for each event.
 */
export function serveShare(
  options: ServeTcpOptions,
  observing: (onEvent: Observer) => Observer,
): void {
  const cutOff = new AbortController();
  let events: TcpServerEvent[] = [];
  const emit = (event: TcpServerEvent) => {
    // One message carries what happens in a turn.
    if (events.push(event) > 1) return;
    setImmediate(() => {
      director.tell(events);
      events = [];
    });
  };
  let server: ReturnType<typeof serveTcp> | undefined;
  const director = new Director<Told, TcpServerEvent[], TcpFigures>(
    (message) => {
      if (message.do === "shut-down") server?.shutdown();
      else if (message.do === "cut-off") cutOff.abort();
      else if (message.do === "count") director.answer(server!.figures());
      else {
        try {
          server = serveTcp({
            ...options,
            ...message.ports,
            signal: cutOff.signal,
            onEvent: observing(emit),
          });
          server.finished.catch((error) => director.fail(error));
        } catch (error) {
          director.fail(error);
        }
      }
    },
  );
}

/** A worker, and what it has told. */
interface Share {
  thread: Thread<Told, TcpServerEvent[], TcpFigures>;
  listening: PromiseWithResolvers<ListeningEvent>;
  summary: PromiseWithResolvers<TcpSummary>;
}

/** Starts a server in several threads; resolves when all of them listen. */
export async function serveInThreads(
  workers: number,
  { port, also }: { port: number; also: readonly PortService[] },
  signal: AbortSignal,
  onEvent: Observer,
): Promise<RunningServer<TcpSummary>> {
  const failed = Promise.withResolvers<never>();
  // Whoever waits for anything learns of it.
  failed.promise.catch(() => {});
  const shares = Array.from({ length: workers }, () => startShare());

  function startShare(): Share {
    const share: Share = {
      listening: Promise.withResolvers(),
      summary: Promise.withResolvers(),
      thread: new Thread<Told, TcpServerEvent[], TcpFigures>(
        (events) => events.forEach(observe),
        failed.reject,
      ),
    };
    const observe = (event: TcpServerEvent) => {
      if (event.event === "listening") share.listening.resolve(event);
      else if (event.event === "summary") {
        share.summary.resolve(event as TcpSummary);
      } else onEvent(event);
    };
    return share;
  }

  const listen = (
    share: Share,
    ports: { port: number; also: PortService[] },
  ) => {
    share.thread.tell({ do: "serve", ports: { ...ports, shared } });
    return Promise.race([share.listening.promise, failed.promise]);
  };
  const shared = sharedMemory();
  const tellAll = (what: "shut-down" | "cut-off") =>
    shares.forEach(({ thread }) => thread.tell({ do: what }));
  const [first, ...others] = shares;
  const listening = await listen(first, { port, also: [...also] });
  const bound = { port: listening.port, also: listening.also ?? [] };
  await Promise.all(others.map((share) => listen(share, bound)));
  signal.addEventListener("abort", () => tellAll("cut-off"));
  onEvent(listening);

  const allOf = <Part>(parts: Promise<Part>[]) =>
    Promise.race([Promise.all(parts), failed.promise]);
  const summaries = allOf(shares.map(({ summary }) => summary.promise));
  const finished = summaries.then((all) => {
    const summary: TcpSummary = { event: "summary", ...sumOf(all) };
    onEvent(summary);
    return summary;
  });
  finished.catch(() => {});
  return {
    finished,
    figures: async () =>
      sumOf(
        await allOf(shares.map(({ thread, summary }) =>
          // Who has finished may be gone.
          Promise.race([thread.ask({ do: "count" }), summary.promise])
        )),
      ),
    async shutdown() {
      tellAll("shut-down");
      await finished;
    },
  };
}

/** What all workers together have done. */
function sumOf(parts: readonly TcpFigures[]): TcpFigures {
  const total = (read: (part: TcpFigures) => number) =>
    parts.reduce((sum, part) => sum + read(part), 0);
  const open = total(({ connections }) => connections.open ?? 0);
  return {
    bytes_received: total((part) => part.bytes_received),
    bytes_sent: total((part) => part.bytes_sent),
    rejected: total((part) => part.rejected),
    faults: total((part) => part.faults),
    duration_us: Math.max(...parts.map((part) => part.duration_us)),
    connections: {
      accepted: total(({ connections }) => connections.accepted),
      failed: total(({ connections }) => connections.failed),
      idle: total(({ connections }) => connections.idle),
      cut_off: total(({ connections }) => connections.cut_off),
      open: open > 0 ? open : undefined,
    },
  };
}
