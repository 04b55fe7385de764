/**
 * Running a client against its targets, until it is done or stopped.
 *
 * @module
 */
import type { ResultEvent } from "../events/mod.ts";
import type { MeasureOptions, RunInProgress } from "../measure/run.ts";
import { type MeasuredPayload, sizeOf } from "../measure/messages.ts";
import { pause } from "../net/backoff.ts";
import { DONE, FAILED } from "./exit_codes.ts";
import type { Printer } from "./output/printer.ts";
import { errorEvent, RunFailed, type Session } from "./program.ts";
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
}

/** How the targets of a client are run. */
export interface ClientRun {
  /** Who they are. */
  targets: readonly ClientTarget[];
  /** What to send, one after the other where there are several. */
  payloads: readonly MeasuredPayload[];
  /** Milliseconds from one message to the next, over which their starts are spread. */
  interval?: number;
  /** Runs against one of them. */
  run: (target: TargetRun) => Promise<ResultEvent>;
}

/**
 * Runs a client.
 *
 * @returns The exit code.
 * @throws What a run against an only target throws, or {@linkcode RunFailed} where
 * it did not pass.
 */
export async function runClient(
  session: Session,
  { targets, payloads, interval = 0, run }: ClientRun,
): Promise<number> {
  const stopped = new AbortController();
  onStopSignal(() => stopped.abort());
  const signal = AbortSignal.any([stopped.signal, session.outputClosed]);
  const underWay = new Map<Printer, RunInProgress>();
  onProgressSignal(() => {
    for (const [{ print }, measuring] of underWay) {
      const figures = measuring.figures();
      if (figures !== undefined) print({ event: "progress", ...figures });
    }
  });
  const runOne = async (target: ClientTarget, printer: Printer) => {
    const runWith = async (
      payload: MeasuredPayload,
      onEvent = printer.print,
    ) => {
      const result = await run({
        ...target,
        payload,
        signal,
        onRun: (measuring) => underWay.set(printer, measuring),
        onEvent,
        // Of several sizes, a table takes the place of the drawings.
        onDelays: payloads.length > 1 ? undefined : printer.onDelays,
      });
      underWay.delete(printer);
      return result;
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
  if (targets.length === 1) {
    await runOne(targets[0], session);
    return DONE;
  }
  const codes = await Promise.all(targets.map(async (target, i) => {
    // Beats of many targets that fell together would delay each other.
    await pause(i * interval / targets.length, signal);
    try {
      await runOne(target, session.forTarget(target.label ?? target.name));
      return DONE;
    } catch (error) {
      const event = errorEvent(error);
      session.printError(event, target.label ?? target.name);
      return event.exit_code;
    }
  }));
  const failed = targets.filter((_, i) => codes[i] !== DONE);
  await session.print({
    event: "verdict",
    passed: failed.length === 0,
    targets: targets.length,
    failed: failed.map(({ name, label = name }) => label),
  });
  return overallCode(codes);
}

/** The exit code that all failures have in common; else, that the check failed. */
function overallCode(codes: readonly number[]): number {
  const bad = new Set(codes.filter((code) => code !== DONE));
  if (bad.size === 0) return DONE;
  return bad.size === 1 ? [...bad][0] : FAILED;
}
