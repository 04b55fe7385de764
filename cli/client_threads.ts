/**
 * A measuring client in several threads (`--workers`), seen as one.
 *
 * Each worker has connections of its own; all claim their messages from one
 * schedule. What they measure is put together in `measure/merge.ts`.
 *
 * @module
 */
import type {
  StartedEvent,
  TcpClientEvent,
  UdpClientEvent,
} from "../events/mod.ts";
import { claimsMemory } from "../measure/claims.ts";
import { type MergeContext, MergedPhase, MergedRun } from "../measure/merge.ts";
import type { FlowChange } from "../measure/outages.ts";
import type { MeasuredPayload } from "../measure/messages.ts";
import { sizeOf } from "../measure/messages.ts";
import {
  DEFAULT_REPORT_EVERY,
  type MeasureOptions,
  type Outcome,
  type PartOfRun,
  type RunInProgress,
  type RunPart,
} from "../measure/run.ts";
import { isOpenLoop } from "../measure/schedule.ts";
import { randomWord, seeded } from "../measure/sizes.ts";
import type { IntervalPart } from "../measure/tally.ts";
import { now } from "../net/clock.ts";
import type { TargetRun } from "./run_client.ts";
import { Director, Thread } from "./threads.ts";

type Target = Pick<TargetRun, "hostname" | "port" | "label">;

/** A worker's share of a run. */
export interface Share
  extends Pick<PartOfRun, "stream" | "firstFlow" | "flows"> {
  target: Target;
  payload: MeasuredPayload;
  connections: number;
}

type ClientEvent = TcpClientEvent | UdpClientEvent;

/** What a worker is told. */
type Told =
  | { do: "run"; share: Share }
  | { do: "begin"; start: number; claims: SharedArrayBuffer | undefined }
  | { do: "tick" }
  | { do: "read" }
  | { do: "stop" };

/** What it answers where it is read: what it has measured so far. */
type Answer = RunPart | undefined;

/** What it tells. */
type Tells =
  | { tells: "event"; event: ClientEvent }
  | { tells: "ready"; started: StartedEvent }
  | { tells: "waiting" }
  | { tells: "interval"; part: IntervalPart }
  | {
    tells: "changes";
    changes: FlowChange[];
    until: number;
    firstAt: number;
  }
  | { tells: "over"; part: RunPart };

/** When this thread's clock was 0, in microseconds since the epoch, which all threads know. */
const ZERO = performance.timeOrigin * 1000;

/** What a worker runs its share with, besides its command line. */
export interface ShareOptions extends Target {
  payload: MeasuredPayload;
  connections: number;
  signal: AbortSignal;
  onEvent: (event: ClientEvent) => void;
  onDelays: () => void;
  detail: false;
}

/**
 * Runs a worker's share.
 *
 * @param run Runs it.
 */
export function runShare(
  run: (options: ShareOptions, part: PartOfRun) => Promise<unknown>,
): void {
  const stopped = new AbortController();
  let endInterval: (() => void) | undefined;
  let read: (() => Answer) | undefined;
  let waitingSince = 0;
  let beginning: PromiseWithResolvers<
    { start: number; claims?: SharedArrayBuffer }
  >;
  const runIt = async (
    { stream, firstFlow, flows, target, payload, connections }: Share,
  ) => {
    const options: ShareOptions = {
      ...target,
      payload,
      connections,
      signal: stopped.signal,
      detail: false,
      // Delays are handed over as they are.
      onDelays: () => {},
      onEvent: (event) => {
        // The others' connections are made in silence, as those of one thread are.
        const isTold = event.event === "connected" || event.event === "retry";
        if (isTold && firstFlow === 0) director.tell({ tells: "event", event });
      },
    };
    const part: PartOfRun = {
      stream,
      firstFlow,
      flows,
      onReady: (started, readPart) => {
        read = readPart;
        director.tell({ tells: "ready", started });
      },
      begin: () => {
        waitingSince = now();
        beginning = Promise.withResolvers();
        director.tell({ tells: "waiting" });
        return beginning.promise;
      },
      onTick: (end) => {
        endInterval = end;
        return () => endInterval = undefined;
      },
      onInterval: (part) => director.tell({ tells: "interval", part }),
      onChanges: (changes, until, firstAt) =>
        director.tell({ tells: "changes", changes, until, firstAt }),
    };
    try {
      await run(options, part);
      director.tell({ tells: "over", part: read!()! });
    } catch (error) {
      director.fail(error);
    }
  };
  const director = new Director<Told, Tells, Answer>((message) => {
    if (message.do === "run") runIt(message.share);
    else if (message.do === "stop") stopped.abort();
    else if (message.do === "tick") endInterval?.();
    else if (message.do === "read") director.answer(read?.());
    else {
      const { start, claims } = message;
      // Threads count from different times of the system's clock, which may have been
      // set between; it began while this one waited.
      const inWait = Math.max(start - ZERO, waitingSince);
      beginning.resolve({ start: Math.min(inWait, now()), claims });
    }
  });
}

/** What is run in several threads. */
export interface ThreadedRun extends
  Target,
  Pick<
    TargetRun,
    "payload" | "signal" | "onEvent" | "onLook" | "onDelays"
  > {
  workers: number;
  options: MeasureOptions;
  isDatagrams: boolean;
  knowsLoss: boolean;
}

/** A worker, as it is seen by the thread that directs it. */
interface Worker {
  thread: Thread<Told, Tells, Answer>;
  over: PromiseWithResolvers<RunPart>;
}

/** Runs a client in several threads. */
export async function runInThreads(run: ThreadedRun): Promise<Outcome> {
  const { workers: number, options, signal, onEvent, payload } = run;
  const { connections = 1, warmup = 0, count = Infinity } = options;
  const { duration = Infinity, reportEvery = DEFAULT_REPORT_EVERY } = options;
  const flows = Array.from(
    { length: number },
    (_, i) =>
      Math.floor(connections / number) + (i < connections % number ? 1 : 0),
  );
  const context: MergeContext = {
    options: { ...options, onDelays: run.onDelays },
    flows,
    service: options.service,
    isDatagrams: run.isDatagrams,
    knowsLoss: run.knowsLoss,
    onEvent,
  };
  const phases = [
    ...warmup > 0 ? [await MergedPhase.prepare(context, true)] : [],
    await MergedPhase.prepare(context, false),
  ];
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  let phase: MergedPhase | undefined;
  let started: StartedEvent | undefined;
  let ticks: ReturnType<typeof setInterval> | undefined;
  let waiting = 0;

  const begin = async () => {
    waiting = 0;
    const isFirst = phase === undefined;
    if (isFirst) await onEvent({ ...started!, connections, workers: number });
    flows.forEach((_, part) => phase?.end(part));
    const isClaimed = isOpenLoop(options) || count < Infinity;
    phase = phases.shift()!(now());
    const start = ZERO + phase.start;
    const claims = isClaimed ? claimsMemory() : undefined;
    tellAll({ do: "begin", start, claims });
    clearInterval(ticks);
    ticks = setInterval(() => {
      phase!.tick(now());
      tellAll({ do: "tick" });
    }, reportEvery);
    if (isFirst) run.onLook(look);
  };
  const workers = flows.map((_, part): Worker => {
    const worker: Worker = {
      over: Promise.withResolvers(),
      thread: new Thread<Told, Tells, Answer>((message) => {
        switch (message.tells) {
          case "event":
            onEvent(message.event);
            break;
          case "ready":
            if (part === 0) started = message.started;
            break;
          case "waiting":
            if (++waiting === number) begin().catch(failed.reject);
            break;
          case "interval":
            phase!.addInterval(part, message.part);
            break;
          case "changes": {
            const { changes, until, firstAt } = message;
            phase!.addChanges(part, changes, until, firstAt);
            break;
          }
          case "over":
            phase!.end(part);
            worker.over.resolve(message.part);
        }
      }, failed.reject),
    };
    return worker;
  });
  const tellAll = (message: Told) =>
    workers.forEach(({ thread }) => thread.tell(message));
  const ofAll = <Part>(part: (worker: Worker) => Promise<Part>) =>
    Promise.race([Promise.all(workers.map(part)), failed.promise]);
  const look = async (): Promise<RunInProgress | undefined> => {
    const parts = await ofAll(({ thread, over }) =>
      Promise.race([thread.ask({ do: "read" }), over.promise])
    );
    const measured = parts.flatMap((part) => part ?? []);
    if (measured.length < number) return undefined;
    return await MergedRun.of(context, measured, phase!);
  };
  const stop = () => tellAll({ do: "stop" });
  signal.addEventListener("abort", stop);
  try {
    const { hostname, port, label } = run;
    const target = { hostname, port, label };
    const shared = payload instanceof Uint8Array
      ? payload
      : { size: seeded(sizeOf(payload)) };
    const stream = randomWord();
    let firstFlow = 0;
    workers.forEach(({ thread }, part) => {
      const share: Share = {
        stream,
        firstFlow,
        flows: connections,
        target,
        payload: shared,
        connections: flows[part],
      };
      thread.tell({ do: "run", share });
      firstFlow += flows[part];
    });
    if (signal.aborted) stop();
    const parts = await ofAll(({ over }) => over.promise);
    const isEndless = count === Infinity && duration === Infinity;
    const merged = await MergedRun.of(context, parts, phase!);
    return merged.outcome(signal.aborted && isEndless);
  } finally {
    signal.removeEventListener("abort", stop);
    clearInterval(ticks);
    workers.forEach(({ thread }) => thread.end());
  }
}
