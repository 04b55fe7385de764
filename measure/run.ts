/**
 * A measuring run over TCP or UDP: the warm-up, the measuring, and their results.
 *
 * @module
 */
import type {
  ClientObserver,
  Failure,
  FlowComparison,
  InstrumentCheck,
  IntervalEvent,
  MeasureResult,
  StartedEvent,
  UdpService,
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
import { compareFlows } from "./flows/comparison.ts";
import { DirectionTally } from "./directions/directions.ts";
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
   * Messages in flight at once on each of them, `Infinity` for no limit. By
   * default 1, and no limit with a rate.
   */
  pipeline?: number;
  /** Milliseconds of warm-up, which is left out of the result. @default {0} */
  warmup?: number;
  /**
   * What the peer does with what it receives. With `discard` data is only sent,
   * with `chargen` only received; over UDP, `stamp` tells both ways apart.
   * @default {"echo"}
   */
  service?: UdpService;
  /** Conditions that the result must meet. */
  expectations?: readonly MetricExpectation[];
  /** Emit events for each message, too. @default {false} */
  detail?: boolean;
  /**
   * Called with each round-trip delay, in microseconds, and its count, before the
   * result is emitted; the result then has no histograms. This saves a caller
   * that needs the delays at once their encoding and decoding.
   */
  onDelays?: (counts: [delay: number, count: number][]) => void;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/** The valid values of these options. */
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

/** What a run needs besides its options. */
export interface RunContext {
  /** The peer. */
  target: Pick<StartedEvent, "target" | "peer_host" | "peer_port">;
  /** The source ports of its flows. */
  ports: readonly number[];
  /** The first of them, where the caller chose it. */
  localPort?: number;
  /** The size of each message, in bytes. */
  size: number;
  /** Milliseconds to wait for an answer. */
  timeout: number;
  /** Messages are datagrams, each of which can be lost. */
  isDatagrams: boolean;
  /** What was prepared before there were connections. */
  prepared: Preparation;
  /** Called for each event. */
  onEvent?: ClientObserver<StartedEvent | IntervalEvent>;
}

/** Milliseconds from one `interval` event to the next. */
const INTERVAL = 1000;

/** What a run can prepare before there are connections. */
export class Preparation {
  private constructor(
    readonly warmup: TallyHistograms,
    readonly measuring: TallyHistograms,
    readonly lateness: Histogram,
    readonly directions: DirectionTally | undefined,
  ) {
  }

  /**
   * Makes the histograms, which would delay the first messages.
   *
   * @param service What the peer does.
   */
  static async make(service: UdpService = "echo"): Promise<Preparation> {
    return new Preparation(
      await tallyHistograms(),
      await tallyHistograms(),
      await Histogram.create(),
      service === "stamp" ? await DirectionTally.create() : undefined,
    );
  }
}

/** The outcome of a run, before it is judged. */
export interface Outcome {
  /** The fields of its result, without its datagrams. */
  figures: Omit<
    MeasureResult,
    "event" | "passed" | "failure" | "expectations" | "datagrams"
  >;
  /** The counts that they come from. */
  tally: Tally;
  /** The caller ended a run without an end of its own. */
  wasEnded: boolean;
}

/** The failure of a run that the caller ended before it had measured anything. */
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

/** Adds a flow's number to its events, where there are several flows. */
export function observerOf<E extends object>(
  index: number,
  flows: number,
  onEvent: ClientObserver<E> | undefined,
): ClientObserver<E> | undefined {
  if (onEvent === undefined || flows === 1) return onEvent;
  return (event) => onEvent({ ...event, connection: index + 1 });
}

/** The services that answer each message with one that shows which it is. */
const ANSWERED: ReadonlySet<UdpService> = new Set(["echo", "stamp"]);

function startedEvent(
  options: MeasureOptions,
  { target, localPort, size, timeout }: RunContext,
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
    local_port: localPort,
    pipeline: ANSWERED.has(service) ? finite(pipeline) : undefined,
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
 * @param makeFlows Makes the flows.
 * @param options The options of the run.
 * @param context What it needs besides.
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
  #tally: Tally | undefined;
  /** The tally of the measuring, once it has begun. */
  #measured: Tally | undefined;
  #starvation: StarvationCheck | undefined;
  #instrument: Instrument | undefined;
  /** The caller has stopped it. */
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

  /** Frees its timer and the caller's signal. */
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
    this.#tally?.schedule.stop();
    for (const flow of this.#flows) {
      if (this.#isEndless) flow.stop();
      else flow.fail({ code: "stopped", message: "stopped before the end" });
    }
  };

  /**
   * Gives up what is overdue. Where flows may starve each other, an answer may lie
   * unread: the sending of all is paused, and what is there is read first.
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

  /** Runs a phase until nothing is left to send and nothing is in flight. */
  async #phase(
    options: ScheduleOptions,
    histograms: TallyHistograms,
    isWarmup: boolean,
  ): Promise<Tally> {
    const { isDatagrams } = this.#context;
    const isOneWay = this.#options.service === "discard";
    const schedule = new Schedule(options);
    const tally = this.#tally = new Tally(
      { isDatagrams, isOneWay, flows: this.#flows.length },
      schedule,
      histograms,
      isWarmup ? undefined : this.#context.prepared.directions,
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

  /** Runs it. */
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
        : ANSWERED.has(service);
      const { onDelays } = this.#options;
      const delays = tally.delays();
      onDelays?.(delays.counts());
      const summaryOf = (trips: RoundTrips | undefined) =>
        onDelays ? trips?.percentiles() : trips?.summary();
      const check = instrument.check(tally, this.#starvation?.unread);
      const figures: Outcome["figures"] = {
        ...tally.counts(),
        duration_us: tally.duration,
        rtt_us: summaryOf(delays),
        directions: tally.directions?.result(tally.lost),
        measured: {
          ...tally.speed(),
          late_sends: tally.lateSends,
          errors: tally.errors,
          in_flight: isAnswered ? tally.inFlight : undefined,
          arrival: isDatagrams && !isAnswered ? "unknown" : undefined,
          flows: this.#compareFlows(tally, check),
          rtt_from_sending_us: summaryOf(tally.fromSending),
          warmup: warmed,
          instrument: check,
        },
      };
      const wasEnded = this.#isStopped && this.#isEndless;
      return { figures, tally, wasEnded };
    } finally {
      instrument.stop();
    }
  }

  /** Compares the flows; `undefined` where answers do not show their messages. */
  #compareFlows(
    tally: Tally,
    { timer_lateness_us, unread_us }: InstrumentCheck,
  ): FlowComparison | undefined {
    const { service = "echo" } = this.#options;
    if (!ANSWERED.has(service)) return undefined;
    return compareFlows(tally.byFlow, {
      ports: this.#context.ports,
      knowsLoss: this.#context.isDatagrams,
      lateness: timer_lateness_us.p99,
      isUnread: unread_us !== undefined,
    });
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
