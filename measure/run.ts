/**
 * A measuring run: a warm-up, the measuring, and what they came to, whatever
 * the messages travel on.
 *
 * @module
 */
import type {
  ClientObserver,
  Counts,
  Expectation,
  Failure,
  IntervalEvent,
  MeasureResultEvent,
  Service,
  StartedEvent,
} from "../events/mod.ts";
import { Histogram } from "./histogram.ts";
import { Instrument } from "./instrument.ts";
import { Schedule, type ScheduleOptions } from "./schedule.ts";
import { Tally, type TallyHistograms, tallyHistograms } from "./tally.ts";

/** Options of every measuring run. */
export interface MeasureOptions extends ScheduleOptions {
  /** Connections (TCP) or sockets (UDP) at once. @default {1} */
  connections?: number;
  /**
   * Messages on their way at once on each of them. By default one, and with a
   * rate as many as there are.
   */
  pipeline?: number;
  /** Milliseconds to send and receive before anything counts. @default {0} */
  warmup?: number;
  /**
   * What the peer does with what it receives. With `discard` messages go there
   * only, with `chargen` they come from there only. @default {"echo"}
   */
  service?: Service;
  /** What the run is expected to come to. */
  expectations?: readonly Expectation[];
  /** Tell also of each message. @default {false} */
  detail?: boolean;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/** One connection or socket of a run. */
export interface Lane {
  /** Why it is over before its end. */
  readonly failure: Failure | undefined;
  /**
   * Sends what the tally's schedule hands out, and counts it, until there is
   * nothing left and everything is answered, or given up.
   */
  run(tally: Tally): Promise<void>;
  /** Looks whether an answer has been out for too long. */
  watch(): void;
  /** Ends it; a run that is under way ends, too. */
  fail(failure: Failure): void;
  /** Takes what may still come, and ends in order. */
  finish(): Promise<void>;
}

/** What a run is about, besides what was asked for. */
export interface RunContext {
  /** Whom it asks. */
  target: Pick<StartedEvent, "target" | "peer_host" | "peer_port">;
  /** The size of each message, in bytes. */
  size: number;
  /** Milliseconds after which an answer is not waited for. */
  timeout: number;
  /** Messages can get lost by themselves. */
  isDatagrams: boolean;
  /** What was made beforehand. */
  prepared: Preparation;
  /** Is told what happens. */
  tell?: ClientObserver<StartedEvent | IntervalEvent>;
}

/** Milliseconds from one `interval` event to the next. */
const INTERVAL = 1000;

/** Answers are looked for at least this often, in milliseconds. */
const LONGEST_WATCH = 100;

/** Everything that a run can prepare before its connections are there. */
export class Preparation {
  private constructor(
    readonly warmup: TallyHistograms,
    readonly measuring: TallyHistograms,
    readonly lateness: Histogram,
  ) {
  }

  /** Makes the histograms, which would hold up the first messages. */
  static async make(): Promise<Preparation> {
    return new Preparation(
      await tallyHistograms(),
      await tallyHistograms(),
      await Histogram.create(),
    );
  }
}

/** What every run comes to, before it is judged. */
export type Figures =
  & Omit<
    MeasureResultEvent,
    "event" | "passed" | "failure" | "expectations" | "errors"
  >
  & Pick<Counts, "lost">;

/** How many messages may be on their way on each connection. */
export function pipelineOf({ pipeline, rate }: MeasureOptions): number {
  return pipeline ?? (rate === undefined ? 1 : Infinity);
}

/** Tells a lane's events, with its number where there are several. */
export function tellerFor<E extends object>(
  index: number,
  lanes: number,
  onEvent: ClientObserver<E> | undefined,
): ClientObserver<E> | undefined {
  if (onEvent === undefined || lanes === 1) return onEvent;
  return (event) => onEvent({ ...event, connection: index + 1 });
}

function startedEvent(
  options: MeasureOptions,
  { target, size, timeout }: RunContext,
): StartedEvent {
  const { service = "echo", connections = 1, warmup = 0 } = options;
  const { count, duration, interval, rate } = options;
  const pipeline = pipelineOf(options);
  const finite = (number: number | undefined) =>
    Number.isFinite(number) ? number : undefined;
  const microseconds = (milliseconds: number | undefined) =>
    milliseconds === undefined ? undefined : finite(milliseconds * 1000);
  return {
    event: "started",
    ...target,
    service,
    size,
    connections,
    pipeline: service === "echo" ? finite(pipeline) : undefined,
    rate_per_second: rate,
    count: finite(count),
    duration_us: microseconds(duration),
    interval_us: microseconds(interval),
    warmup_us: warmup > 0 ? microseconds(warmup) : undefined,
    timeout_us: timeout * 1000,
  };
}

/**
 * Runs lanes through the warm-up and the measuring, and ends them.
 *
 * @param lanes The connections or sockets.
 * @param options What was asked for.
 * @param context What it is about.
 */
export async function measure(
  lanes: readonly Lane[],
  options: MeasureOptions,
  context: RunContext,
): Promise<Figures> {
  const { warmup = 0, signal } = options;
  const { timeout, prepared, tell } = context;
  const kind = {
    isDatagrams: context.isDatagrams,
    isOneWay: options.service === "discard",
  };
  await tell?.(startedEvent(options, context));
  let schedule: Schedule | undefined;
  const stop = () => {
    schedule?.stop();
    for (const lane of lanes) {
      lane.fail({ code: "stopped", message: "stopped before the end" });
    }
  };
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  const watch = setInterval(
    () => lanes.forEach((lane) => lane.watch()),
    Math.min(timeout / 10, LONGEST_WATCH),
  );

  async function phase(
    asked: ScheduleOptions,
    histograms: TallyHistograms,
    isWarmup?: true,
  ): Promise<Tally> {
    schedule = new Schedule(asked);
    const tally = new Tally(kind, schedule, histograms);
    const tellInterval = () =>
      tell?.({ event: "interval", warmup: isWarmup, ...tally.interval() });
    const intervals = setInterval(tellInterval, INTERVAL);
    try {
      await Promise.all(lanes.map((lane) => lane.run(tally)));
    } finally {
      clearInterval(intervals);
      schedule.stop();
    }
    if (tally.lastMoved > schedule.start) await tellInterval();
    return tally;
  }

  try {
    const { count, duration, interval, rate } = options;
    const warmed = warmup > 0
      ? await phase({ duration: warmup, interval, rate }, prepared.warmup, true)
      : undefined;
    const instrument = new Instrument(prepared.lateness);
    try {
      const tally = await phase(
        { count, duration, interval, rate },
        prepared.measuring,
      );
      const check = instrument.check(tally);
      await Promise.all(lanes.map((lane) => lane.finish()));
      return {
        ...tally.total(),
        rtt_from_sending_us: tally.fromSending(),
        warmup: warmed && withoutHistogram(warmed.total()),
        instrument: check,
      };
    } finally {
      instrument.stop();
    }
  } finally {
    clearInterval(watch);
    signal?.removeEventListener("abort", stop);
  }
}

function withoutHistogram<T extends { rtt_us?: { histogram?: string } }>(
  total: T,
): T {
  return total.rtt_us === undefined
    ? total
    : { ...total, rtt_us: { ...total.rtt_us, histogram: undefined } };
}
