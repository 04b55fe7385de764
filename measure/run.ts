/**
 * A measuring run over TCP or UDP: the warm-up, the measuring, and their results.
 *
 * @module
 */
import type {
  ClientObserver,
  ClientProgressEvent,
  ConnectFailures,
  Counts,
  DatagramCounts,
  Failure,
  FlowComparison,
  InstrumentCheck,
  IntervalEvent,
  OutageBeganEvent,
  OutageEndedEvent,
  OutageSummary,
  Probe,
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
import { type DelayCount, Histogram } from "./histogram.ts";
import { Instrument } from "./instrument.ts";
import type { Brake } from "./pacer.ts";
import type { Distribution, RoundTrips } from "./round_trips.ts";
import {
  isOpenLoop,
  isPaced,
  Schedule,
  type ScheduleOptions,
} from "./schedule.ts";
import { limitsOf, type MessageSize } from "./sizes.ts";
import { StarvationCheck } from "./starvation_check.ts";
import { Tally, type TallyHistograms, tallyHistograms } from "./tally.ts";
import { TimeoutClock } from "./timeout_clock.ts";

/** Options of every measuring run. */
export interface MeasureOptions extends ScheduleOptions {
  /** Connections (TCP) or sockets (UDP) at once. @default {1} */
  connections?: number;
  /**
   * Messages in flight at once on each of them, `Infinity` for no limit. By
   * default 1, and no limit with a rate, a bandwidth or an interval.
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
  /**
   * Milliseconds from one `interval` event to the next. From 10 s on each has its
   * delays' histogram; below, one a minute has that of the run so far. A run that
   * is cut off so leaves its percentiles.
   *
   * @default {1000}
   */
  reportEvery?: number;
  /** A name for the peer, for people: `started` has it. */
  label?: string;
  /** A name for this side, for people: `started` has it. */
  sourceLabel?: string;
  /** Emit events for each message, too. @default {false} */
  detail?: boolean;
  /**
   * Called with each round-trip delay, in microseconds, and its count, before the
   * result is emitted; the result then has no histograms. This saves a caller
   * that needs the delays at once their encoding and decoding.
   */
  onDelays?: (counts: DelayCount[]) => void;
  /** Called once the run has begun, with a view of what it has measured so far. */
  onRun?: (run: RunInProgress) => void;
  /** Ends the run early. */
  signal?: AbortSignal;
}

/** The valid values of these options. */
export const MEASURE_KINDS: Kinds<MeasureOptions> = {
  count: unlimited(whole(1)),
  duration: unlimited(time),
  interval: time,
  rate,
  bandwidth: rate,
  burst: whole(1),
  connections: whole(1),
  pipeline: unlimited(whole(1)),
  warmup: time,
  reportEvery: time,
  service: oneOf("echo", "discard", "chargen"),
};

/** The figures of a run that only one transport has. */
export interface TransportFigures {
  /** Connections that failed (TCP), or failures to send and receive (UDP). */
  errors: number;
  /** TCP with an interval, and connecting: see `Measured`. */
  lost?: number;
  /** TCP with an interval: see `Measured`. */
  reconnects?: number;
  /** Connecting: see `Measured`. */
  connects?: ConnectFailures;
  /** What of it was the client's own limit, in words. */
  ownLimit?: string;
  /** UDP: what became of the datagrams. */
  datagrams?: DatagramCounts;
}

/** What a run needs besides its options. */
export interface RunContext {
  /** The peer. */
  target: Pick<StartedEvent, "target" | "peer_host" | "peer_port">;
  /** The source ports of its flows. */
  ports: readonly number[];
  /** The first of them, where the caller chose it. */
  localPort?: number;
  /** What it asks of the peer, where that is no service. */
  probe?: Exclude<Probe, UdpService>;
  /** The size of each message, or the range from which it is drawn, with its seed. */
  size: MessageSize;
  /** Milliseconds to wait for an answer. */
  timeout: number;
  /** Messages are datagrams. */
  isDatagrams: boolean;
  /** A single message can be lost, and be seen to be. */
  knowsLoss: boolean;
  /** What was prepared before there were connections. */
  prepared: Preparation;
  /** The figures that only this transport has. */
  figures: (tally: Tally) => TransportFigures;
  /** Called for each event. */
  onEvent?: ClientObserver<
    StartedEvent | IntervalEvent | OutageBeganEvent | OutageEndedEvent
  >;
}

/** The default of {@linkcode MeasureOptions.reportEvery}, in milliseconds. */
export const DEFAULT_REPORT_EVERY = 1000;

/** What a run can prepare before there are connections. */
export interface Preparation {
  /** The histograms of its warm-up; absent without one. */
  warmup?: TallyHistograms;
  /** Those of its measuring. */
  measuring: TallyHistograms;
  /** How late the client's own timers are. */
  lateness: Histogram;
  /** What it needs to tell both ways apart; only with STAMP. */
  directions?: DirectionTally;
}

/** Makes what a run needs, which would delay its first messages. */
export async function prepare(options: MeasureOptions): Promise<Preparation> {
  const { warmup = 0, service } = options;
  const histograms = () => tallyHistograms(isOpenLoop(options));
  return {
    warmup: warmup > 0 ? await histograms() : undefined,
    measuring: await histograms(),
    lateness: await Histogram.create({ digits: 2 }),
    directions: service === "stamp" ? await DirectionTally.create() : undefined,
  };
}

/** The figures of a run, at its end or so far. */
export type Figures = Omit<ClientProgressEvent, "event">;

/** What a run has counted so far. A message counts as sent until its socket refuses it. */
export interface RunCounts extends Counts, TransportFigures {
  /** Messages that were due and could not be sent. */
  unsent: number;
  /** With a rate: see `Measured`. */
  late_sends: number | undefined;
  /** Its outages; `undefined` where they cannot be seen. */
  outages: OutageSummary | undefined;
}

/** A run that is under way. */
export interface RunInProgress {
  /** Its figures so far, without histograms; `undefined` before it measures. */
  figures(): Figures | undefined;
  /** What it has counted so far, without what takes long to sum up; `undefined` before it measures. */
  counts(): RunCounts | undefined;
  /**
   * How its round-trip delays so far are distributed; `undefined` before it measures.
   *
   * @param limits Delays in microseconds, in ascending order.
   */
  distribution(limits: readonly number[]): Distribution | undefined;
  /** Whether nothing comes back at the moment; `undefined` where that cannot be seen. */
  readonly isDown: boolean | undefined;
}

/** The outcome of a run, before it is judged. */
export interface Outcome {
  /** The fields of its result. */
  figures: Figures;
  /** The last socket error, in words. */
  lastError: string | undefined;
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
export function pipelineOf(options: MeasureOptions): number {
  return options.pipeline ?? (isPaced(options) ? Infinity : 1);
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
  { target, localPort, probe, size, timeout }: RunContext,
): StartedEvent {
  const { service = "echo", connections = 1, warmup = 0 } = options;
  const { count, duration, interval, label, sourceLabel } = options;
  const { rate, bandwidth, burst = 1 } = options;
  const { least, most } = limitsOf(size);
  const pipeline = pipelineOf(options);
  const finite = (number: number | undefined) =>
    Number.isFinite(number) ? number : undefined;
  const microseconds = (milliseconds: number | undefined) =>
    milliseconds === undefined ? undefined : finite(milliseconds * 1000);
  return {
    event: "started",
    ...target,
    label,
    source_label: sourceLabel,
    service: probe ?? service,
    size: most,
    ...typeof size === "number"
      ? undefined
      : { smallest_size: least, seed: size.seed },
    connections,
    local_port: localPort,
    pipeline: ANSWERED.has(service) ? finite(pipeline) : undefined,
    rate_per_second: rate,
    bandwidth_bytes_per_second: bandwidth,
    burst: burst > 1 ? burst : undefined,
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
class Run implements RunInProgress {
  readonly #options: MeasureOptions;
  readonly #context: RunContext;
  readonly #flows: readonly Flow[];
  readonly #brake: Brake = { isOn: false };
  readonly #clock: TimeoutClock;
  #tally: Tally | undefined;
  /** The tally of the measuring, once it has begun. */
  #measured: Tally | undefined;
  #warmup: Warmup | undefined;
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
    this.#emitOutages();
    this.#emitIntervals();
    this.#isLooking = false;
  };

  /** Emits what is known of outages: up to the oldest message in flight on any flow. */
  #emitOutages(): void {
    if (this.#tally?.outages === undefined) return;
    const until = this.#flows.reduce(
      (least, { waitingSince = Infinity, failure }) =>
        failure === undefined ? Math.min(least, waitingSince) : least,
      Infinity,
    );
    const { onEvent } = this.#context;
    const changes = this.#tally.outages.settle(until);
    if (this.#tally !== this.#measured) return;
    for (const { isDown, outage } of changes) {
      onEvent?.(
        isDown
          ? { event: "outage-began", ...outage }
          : { event: "outage-ended", ...outage },
      );
    }
  }

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
    const { knowsLoss } = this.#context;
    const isOneWay = this.#options.service === "discard";
    const schedule = new Schedule(options);
    const tally = this.#tally = new Tally(
      { knowsLoss, isOneWay, flows: this.#flows.length },
      schedule,
      histograms,
      isWarmup ? undefined : this.#context.prepared.directions,
    );
    if (!isWarmup) this.#measured = tally;
    if (this.#isStopped) schedule.stop();
    this.#starvation = new StarvationCheck(this.#flows, this.#brake, tally);
    const { reportEvery = DEFAULT_REPORT_EVERY, onDelays } = this.#options;
    const intervals = setInterval(() => {
      tally.endInterval(now(), onDelays === undefined);
      this.#emitIntervals();
    }, reportEvery);
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
    this.#emitOutages();
    if (tally.hasMoved) tally.endInterval(end, onDelays === undefined);
    this.#emitIntervals(true);
    return tally;
  }

  /** Runs it. */
  async finished(): Promise<Outcome> {
    const { onEvent, prepared } = this.#context;
    const { interval, rate, bandwidth, burst, warmup = 0 } = this.#options;
    const { count, duration } = this.#options;
    const pace = { interval, rate, bandwidth, burst };
    await onEvent?.(startedEvent(this.#options, this.#context));
    this.#options.onRun?.(this);
    if (warmup > 0) {
      const schedule = { duration: warmup, ...pace };
      const tally = await this.#phase(schedule, prepared.warmup!, true);
      this.#warmup = this.#warmupOf(tally);
    }
    const instrument = this.#instrument = new Instrument(prepared.lateness);
    try {
      const tally = await this.#phase(
        { count, duration, ...pace },
        prepared.measuring,
        false,
      );
      const { onDelays } = this.#options;
      onDelays?.(tally.delays().counts());
      const figures = this.#figures(tally, onDelays === undefined);
      figures.directions = tally.directions?.result(tally.lost);
      const wasEnded = this.#isStopped && this.#isEndless;
      return { figures, lastError: tally.lastError, wasEnded };
    } finally {
      instrument.stop();
    }
  }

  #figures(tally: Tally, withHistograms: boolean): Figures {
    const { isDatagrams } = this.#context;
    const { service = "echo" } = this.#options;
    const isAnswered = isDatagrams ? service !== "discard" : service === "echo";
    const summaryOf = (trips: RoundTrips | undefined) =>
      withHistograms ? trips?.summary() : trips?.percentiles();
    const { datagrams, ownLimit, ...own } = this.#context.figures(tally);
    const check = this.#instrument!.check(tally, this.#starvation?.unread);
    if (ownLimit !== undefined) check.warnings.push(ownLimit);
    return {
      ...tally.counts(),
      duration_us: tally.duration,
      rtt_us: summaryOf(tally.delays()),
      datagrams,
      measured: {
        ...tally.speed(),
        late_sends: tally.lateSends,
        ...own,
        unsent: tally.unsent || undefined,
        outages: tally.outageSummary(),
        in_flight: isAnswered ? tally.inFlight : undefined,
        arrival: isDatagrams && !isAnswered ? "unknown" : undefined,
        flows: this.#compareFlows(tally, check),
        rtt_from_sending_us: summaryOf(tally.fromSending),
        warmup: this.#warmup,
        instrument: check,
      },
    };
  }

  figures(): Figures | undefined {
    return this.#measured && this.#figures(this.#measured, false);
  }

  counts(): RunCounts | undefined {
    const tally = this.#measured;
    return tally && {
      ...tally.counts(),
      ...this.#context.figures(tally),
      unsent: tally.unsent,
      late_sends: tally.lateSends,
      outages: tally.outageSummary(),
    };
  }

  distribution(limits: readonly number[]): Distribution | undefined {
    return this.#measured?.distribution(limits);
  }

  get isDown(): boolean | undefined {
    return this.#measured?.outages?.isDown;
  }

  /** Compares the flows; `undefined` where answers do not show their messages. */
  #compareFlows(
    tally: Tally,
    { timer_lateness_us, unread_us }: InstrumentCheck,
  ): FlowComparison | undefined {
    const { service = "echo" } = this.#options;
    if (!ANSWERED.has(service) || this.#context.probe) return undefined;
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
      lost: this.#context.knowsLoss ? tally.lost : undefined,
      duration_us: tally.duration,
      rtt_us: tally.delays().percentiles(),
    };
  }
}
