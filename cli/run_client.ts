/**
 * Running a client against its targets, until it is done or stopped.
 *
 * @module
 */
import type { ResultEvent, Transport } from "../events/mod.ts";
import { type MeasuredPayload, sizeOf } from "../measure/messages.ts";
import type { MeasureOptions } from "../measure/run.ts";
import { pause, pauseUntil } from "../net/backoff.ts";
import type { Order } from "./client.ts";
import { DONE, FAILED } from "./exit_codes.ts";
import {
  clientFamilies,
  type WatchedTarget,
} from "./metrics/client_families.ts";
import { type ListenAddress, serveMetrics } from "./metrics/endpoint.ts";
import type { Printer } from "./output/printer.ts";
import {
  errorEvent,
  RunFailed,
  type Session,
  TargetFailed,
} from "./program.ts";
import type { Role } from "./roles.ts";
import { onProgressSignal, onStopSignal } from "./signals.ts";
import { sweep } from "./sweep.ts";
import type { ClientTarget } from "./targets.ts";

/** What a run against one target is given. */
export interface TargetRun
  extends
    Pick<ClientTarget, "hostname" | "port" | "label">,
    Required<Pick<MeasureOptions, "signal" | "onRun">>,
    Pick<Printer, "onDelays"> {
  /** What to send. */
  payload: MeasuredPayload;
  /** Prints its events. */
  onEvent: Printer["print"];
  /** Called with what looks at a run in several threads, which takes its time. */
  onLook: (look: WatchedTarget["look"]) => void;
}

/** How the targets of a client are run. */
export interface ClientRun {
  /** Whose they are. */
  definition: { role: Role; transport: Transport };
  /** What they do with what they receive, and what names this side. */
  order: Pick<Order, "service" | "sourceLabel" | "interval">;
  /** Where metrics are served, if at all. */
  metrics: ListenAddress | undefined;
  /** When to start, in milliseconds since 1970 (UTC); at once unless given. */
  startAt: number | undefined;
  /** Who they are. */
  targets: readonly ClientTarget[];
  /** What to send, one after the other where there are several. */
  payloads: readonly MeasuredPayload[];
  /** Runs against one of them. */
  run: (target: TargetRun) => Promise<ResultEvent>;
}

/** A target, and how far its run has come. */
interface TargetInProgress extends WatchedTarget {
  target: ClientTarget;
  printer: Printer;
}

/**
 * Runs a client.
 *
 * @returns The exit code.
 * @throws {TargetFailed} Where a run against an only target did not pass.
 */
export async function runClient(
  session: Session,
  { definition, order, metrics, startAt, targets, payloads, run }: ClientRun,
): Promise<number> {
  const stopped = new AbortController();
  onStopSignal(() => stopped.abort());
  const signal = AbortSignal.any([stopped.signal, session.outputClosed]);
  const isAlone = targets.length === 1;
  const runs = targets.map((target): TargetInProgress => {
    const name = target.label ?? target.name;
    const printer = isAlone ? session : session.forTarget(name);
    return { target, name, printer, look: () => undefined, isOver: false };
  });
  onProgressSignal(async () => {
    for (const { look, isOver, printer } of runs) {
      const figures = isOver ? undefined : (await look())?.figures();
      if (figures !== undefined) {
        printer.print({ event: "progress", ...figures });
      }
    }
  });
  if (metrics !== undefined) {
    const { hostname: host, port } = await serveMetrics({
      role: definition.role,
      address: metrics,
      families: clientFamilies({
        transport: definition.transport,
        service: order.service ?? "echo",
        source: order.sourceLabel,
        targets: runs,
      }),
      isHealthy: () => !stopped.signal.aborted,
      onError: (error) => session.logger.error`metrics: ${String(error)}`,
    });
    await session.print({ event: "metrics-listening", host, port });
  }
  if (startAt !== undefined) {
    const wait = Math.max(0, startAt - Date.now());
    await session.print({
      event: "waiting",
      until: new Date(startAt).toISOString(),
      wait_us: wait * 1000,
    });
    await pauseUntil(startAt, signal);
    if (signal.aborted) {
      throw new RunFailed({
        code: "stopped",
        message: "stopped before it started",
      });
    }
  }
  const runOne = async (state: TargetInProgress) => {
    const { target, printer } = state;
    const runWith = async (
      payload: MeasuredPayload,
      onEvent = printer.print,
    ) => {
      const onLook = (look: WatchedTarget["look"]) => {
        state.look = look;
        state.isOver = false;
      };
      try {
        return await run({
          ...target,
          payload,
          signal,
          onRun: (measuring) => onLook(() => measuring),
          onLook,
          onEvent,
          // Of several sizes, a table takes the place of the drawings.
          onDelays: payloads.length > 1 ? undefined : printer.onDelays,
        });
      } finally {
        state.isOver = true;
      }
    };
    if (payloads.length > 1) {
      const runOfSize = (size: number) =>
        runWith(
          { size },
          (event) =>
            printer.print(
              event.event === "result" ? { ...event, size } : event,
            ),
        );
      const sizes = payloads.map((payload) => sizeOf(payload) as number);
      return await sweep(sizes, runOfSize, printer.print);
    }
    const { failure } = await runWith(payloads[0]);
    if (failure !== undefined) throw new RunFailed(failure);
  };
  const runLabelled = async (state: TargetInProgress) => {
    try {
      await runOne(state);
    } catch (error) {
      throw new TargetFailed(error, {
        label: state.target.label,
        source_label: order.sourceLabel,
      });
    }
  };
  if (isAlone) {
    await runLabelled(runs[0]);
    return DONE;
  }
  const { interval = 0 } = order;
  const codes = await Promise.all(runs.map(async (state, i) => {
    // Beats of many targets that fell together would delay each other.
    await pause(i * interval / targets.length, signal);
    try {
      await runLabelled(state);
      return DONE;
    } catch (error) {
      const event = errorEvent(error, definition.role);
      session.printError(event, state.name);
      return event.exit_code;
    }
  }));
  const failed = runs.filter((_, i) => codes[i] !== DONE);
  await session.print({
    event: "verdict",
    passed: failed.length === 0,
    targets: targets.length,
    failed: failed.map(({ name }) => name),
  });
  return overallCode(codes);
}

/** The exit code that all failures have in common; else, that the check failed. */
function overallCode(codes: readonly number[]): number {
  const bad = new Set(codes.filter((code) => code !== DONE));
  if (bad.size === 0) return DONE;
  return bad.size === 1 ? [...bad][0] : FAILED;
}
