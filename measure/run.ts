/**
 * A measuring run: a warm-up, the measuring, and what they came to, whatever
 * the messages travel on.
 *
 * @module
 */
import type {
  ClientObserver,
  Failure,
  IntervalEvent,
  MeasureResult,
  Service,
  StartedEvent,
  Warmup,
} from "../events/mod.ts";
import { now } from "../net/clock.ts";
import type { MetricExpectation } from "./expectations.ts";
import {
  type Kinds,
  oneOf,
  rate,
  time,
  unlimited,
  whole,
} from "../net/options.ts";
import type { Flow, FlowContext } from "./flow.ts";
import { Histogram } from "./histogram.ts";
import { Instrument } from "./instrument.ts";
import type { Brake } from "./pacer.ts";
import type { RoundTrips } from "./round_trips.ts";
import { Schedule, type ScheduleOptions } from "./schedule.ts";
import { StarvationCheck } from "./starvation_check.ts";
import { Tally, type TallyHistograms, tallyHistograms } from "./tally.ts";
import { TimeoutClock } from "./timeout_clock.ts";

/** Options of every measuring run. */
export interface MeasureOptions extends ScheduleOptions {
  /** Connections (TCP) or sockets (UDP) at once. @default {1} */
  connections?: number;
  /**
   * Messages on their way at once on each of them, `Infinity` for no limit. By
   * default one, and with a rate as many as there are.
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
  expectations?: readonly MetricExpectation[];
  /** Tell also of each message. @default {false} */
  detail?: boolean;
  /**
   * Is given the round-trip delays, in microseconds, and how many there were of
   * each, before the result is told; the result then carries no histograms. It
   * spares who looks at the delays at once their encoding and decoding.
   */
  onDelays?: (counts: [delay: number, count: number][]) => void;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/** What they should be. */
export const MEASURE_KINDS: Kinds<MeasureOptions> = {
  count: unlimited(whole(1)),
  duration: unlimited(time),
  interval: time,
  rate,
  connections: whole(1),
  pipeline: unlimited(whole(1)),
  warmup: time,
  service: oneOf("echo", "discard", "chargen"),
};

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
  /** Called for each event. */
  onEvent?: ClientObserver<StartedEvent | IntervalEvent>;
}

/** Milliseconds from one `interval` event to the next. */
const INTERVAL = 1000;

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
export interface Outcome {
  /** What its result will say, but for its datagrams. */
  figures: Omit<
    MeasureResult,
    "event" | "passed" | "failure" | "expectations" | "datagrams"
  >;
  /** The counts that they are made of. */
  tally: Tally;
  /** The caller ended a run that had no other end. */
  wasEnded: boolean;
}

/** Why a run that the caller ended did not pass: it had not measured anything by then. */
export function nothingMeasured(
  { messages_sent, bytes_received }: Outcome["figures"],
  wasEnded: boolean,
): Failure | undefined {
  if (!wasEnded || messages_sent > 0 || bytes_received > 0) return undefined;
  return { code: "stopped", message: "stopped before anything was measured" };
}

/** How many messages may be in flight on each connection. */
export function pipelineOf({ pipeline, rate }: MeasureOptions): number {
  return pipeline ?? (rate === undefined ? 1 : Infinity);
}

/** Calls an observer with a flow's number, where there are several flows. */
export function observerOf<E extends object>(
  index: number,
  flows: number,
  onEvent: ClientObserver<E> | undefined,
): ClientObserver<E> | undefined {
  if (onEvent === undefined || flows === 1) return onEvent;
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
 * Runs flows through the warm-up and the measuring, and ends them.
 *
 * @param makeFlows Makes the flows out of what they share.
 * @param options What was asked for.
 * @param context What it is about.
 */
export async function measure(
  makeFlows: (context: FlowContext) => readonly Flow[],
  options: MeasureOptions,
  context: RunContext,
): Promise<Outcome> {
  const run = new Run(makeFlows, options, context);
  try {
    return await run.finished();
  } finally {
    run.free();
  }
}

/** A measuring run from its start to its end. */
class Run {
  readonly #options: MeasureOptions;
  readonly #context: RunContext;
  readonly #flows: readonly Flow[];
  readonly #brake: Brake = { isOn: false };
  readonly #clock: TimeoutClock;
  #schedule: Schedule | undefined;
  #tally: Tally | undefined;
  /** The tally of what is measured, once that has begun. */
  #measured: Tally | undefined;
  #starvation: StarvationCheck | undefined;
  #instrument: Instrument | undefined;
  /** The caller has ended it. */
  #isStopped = false;
  #isLooking = false;

  constructor(
    makeFlows: (context: FlowContext) => readonly Flow[],
    options: MeasureOptions,
    context: RunContext,
  ) {
    this.#options = options;
    this.#context = context;
    this.#clock = new TimeoutClock(context.timeout, this.#look);
    this.#flows = makeFlows({ clock: this.#clock, brake: this.#brake });
    options.signal?.addEventListener("abort", this.#stop, { once: true });
    if (options.signal?.aborted) this.#stop();
  }

  /** Frees what a run holds. */
  free(): void {
    this.#clock.stop();
    this.#options.signal?.removeEventListener("abort", this.#stop);
  }

  /** Whether only the caller ends it. */
  get #isEndless(): boolean {
    const { count = Infinity, duration = Infinity } = this.#options;
    return count === Infinity && duration === Infinity;
  }

  readonly #stop = (): void => {
    this.#isStopped = true;
    this.#schedule?.stop();
    for (const flow of this.#flows) {
      if (this.#isEndless) flow.stop();
      else flow.fail({ code: "stopped", message: "stopped before the end" });
    }
  };

  /**
   * Looks for what is overdue. Where flows may starve each other, an answer may
   * be there and unread: all are held back and what is there is read first.
   */
  readonly #look = async (): Promise<void> => {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const mayGiveUp = await this.#starvation?.look();
    if (mayGiveUp) {
      for (const flow of this.#flows) if (flow.isOverdue) flow.giveUp();
    }
    this.#emitIntervals();
    this.#isLooking = false;
  };

  #emitIntervals(all = false): void {
    if (this.#tally === undefined) return;
    const warmup = this.#tally === this.#measured ? undefined : true;
    for (const interval of this.#tally.settledIntervals(all)) {
      this.#context.onEvent?.({ event: "interval", warmup, ...interval });
    }
  }

  /** Begins a phase, and runs it until nothing more is to be sent or to come. */
  async #phase(
    asked: ScheduleOptions,
    histograms: TallyHistograms,
    isWarmup: boolean,
  ): Promise<Tally> {
    const { isDatagrams } = this.#context;
    const isOneWay = this.#options.service === "discard";
    const schedule = this.#schedule = new Schedule(asked);
    const tally = this.#tally = new Tally(
      { isDatagrams, isOneWay, flows: this.#flows.length },
      schedule,
      histograms,
    );
    if (!isWarmup) this.#measured = tally;
    if (this.#isStopped) schedule.stop();
    this.#starvation = new StarvationCheck(this.#flows, this.#brake, tally);
    const intervals = setInterval(() => {
      tally.endInterval(now());
      this.#emitIntervals();
    }, INTERVAL);
    try {
      await Promise.all(this.#flows.map((flow) => flow.run(tally)));
    } finally {
      clearInterval(intervals);
      schedule.stop();
    }
    this.#instrument?.stop();
    const end = now();
    if (!isWarmup) {
      await Promise.all(this.#flows.map((flow) => flow.finish()));
    }
    // What comes while the flows finish belongs to the last interval, and does
    // not make it longer.
    if (tally.hasMoved) tally.endInterval(end);
    this.#emitIntervals(true);
    return tally;
  }

  /** Runs it; resolves with what it came to. */
  async finished(): Promise<Outcome> {
    const { onEvent, prepared } = this.#context;
    const { count, duration, interval, rate, warmup = 0 } = this.#options;
    await onEvent?.(startedEvent(this.#options, this.#context));
    const warmed = warmup > 0
      ? this.#warmupOf(
        await this.#phase(
          { duration: warmup, interval, rate },
          prepared.warmup,
          true,
        ),
      )
      : undefined;
    const instrument = this.#instrument = new Instrument(prepared.lateness);
    try {
      const tally = await this.#phase(
        { count, duration, interval, rate },
        prepared.measuring,
        false,
      );
      const { isDatagrams } = this.#context;
      const { service = "echo" } = this.#options;
      const isAnswered = isDatagrams
        ? service !== "discard"
        : service === "echo";
      const { onDelays } = this.#options;
      const delays = tally.delays();
      onDelays?.(delays.counts());
      const summaryOf = (trips: RoundTrips | undefined) =>
        onDelays ? trips?.percentiles() : trips?.summary();
      const figures: Outcome["figures"] = {
        ...tally.counts(),
        duration_us: tally.duration,
        rtt_us: summaryOf(delays),
        measured: {
          ...tally.speed(),
          late_sends: tally.lateSends,
          errors: tally.errors,
          in_flight: isAnswered ? tally.inFlight : undefined,
          arrival: isDatagrams && !isAnswered ? "unknown" : undefined,
          rtt_from_sending_us: summaryOf(tally.fromSending),
          warmup: warmed,
          instrument: instrument.check(tally, this.#starvation?.unread),
        },
      };
      const wasEnded = this.#isStopped && this.#isEndless;
      return { figures, tally, wasEnded };
    } finally {
      instrument.stop();
    }
  }

  #warmupOf(tally: Tally): Warmup {
    return {
      ...tally.counts(),
      ...tally.speed(),
      late_sends: tally.lateSends,
      lost: this.#context.isDatagrams ? tally.datagrams().lost : undefined,
      duration_us: tally.duration,
      rtt_us: tally.delays().percentiles(),
    };
  }
}
