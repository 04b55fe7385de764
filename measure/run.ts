/**
 * A measuring run over TCP or UDP: the warm-up, the measuring, and their results.
 *
 * @module
 */
import type {
  ClientObserver,
  Failure,
  IntervalEvent,
  OutageBeganEvent,
  OutageEndedEvent,
  Probe,
  StartedEvent,
  UdpService,
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
import { DirectionTally } from "./directions/directions.ts";
import { type DelayCount, Histogram } from "./histogram.ts";
import { Instrument, type Observed } from "./instrument.ts";
import type { Brake } from "./pacer.ts";
import type { FlowChange } from "./outages.ts";
import {
  ANSWERED,
  countsOf,
  type Figures,
  figuresOf,
  type RunCounts,
  type TransportFigures,
} from "./figures.ts";
import type { Distribution } from "./round_trips.ts";
import {
  isOpenLoop,
  isPaced,
  Schedule,
  type ScheduleOptions,
} from "./schedule.ts";
import { limitsOf, type MessageSize } from "./sizes.ts";
import { StarvationCheck } from "./starvation_check.ts";
import {
  type IntervalPart,
  Tally,
  type TallyHistograms,
  tallyHistograms,
  type TallyState,
} from "./tally.ts";
import { TimeoutClock } from "./timeout_clock.ts";

export type { Figures, RunCounts, TransportFigures };

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
  /** It is one of several parts of a run, each in a thread of its own. */
  part?: PartOfRun;
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

/** What one of several parts of a run has measured, for the thread that puts them together. */
export interface RunPart {
  tally: TallyState;
  warmup: TallyState | undefined;
  own: TransportFigures;
  observed: Omit<Observed, "lateness"> & { lateness: DelayCount[] };
  unread: number | undefined;
  /** The source ports of its flows. */
  ports: readonly number[];
  /** Why flows of it ended early. */
  failures: Failure[];
}

/** A run that is one of several parts, each in a thread of its own. */
export interface PartOfRun {
  /** Tells its messages apart from others'; 32 bits. */
  stream: number;
  /** The number of its first flow among those of all parts, from 0. */
  firstFlow: number;
  /** The flows of all parts. */
  flows: number;
  /** Called once it can begin, with what it was told to begin with, and a view of it. */
  onReady: (started: StartedEvent, read: () => RunPart | undefined) => void;
  /**
   * Waits for the other parts to be ready for the same phase.
   *
   * @returns When it began, and what they claim messages from together.
   */
  begin: () => Promise<{ start: number; claims?: SharedArrayBuffer }>;
  /**
   * Ends an interval of all parts at once.
   *
   * @param end Ends that of this one.
   * @returns Stops that.
   */
  onTick: (end: () => void) => () => void;
  /** Called for each interval that is settled. */
  onInterval: (part: IntervalPart) => void;
  /**
   * Called with flows that went down or came up.
   *
   * @param until All that was sent so long after the start is told.
   * @param firstAt When the first message was sent, after the start.
   */
  onChanges: (changes: FlowChange[], until: number, firstAt: number) => void;
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
  /** Why flows ended early. */
  failures: Failure[];
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

/** Calls back each so many milliseconds; returns what stops that. */
function every(milliseconds: number, callback: () => void): () => void {
  const timer = setInterval(callback, milliseconds);
  return () => clearInterval(timer);
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
  /** The tally of the warm-up, once it is over. */
  #warmedUp: Tally | undefined;
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
    const { outages } = this.#tally ?? {};
    if (outages === undefined) return;
    const until = this.#flows.reduce(
      (least, { waitingSince = Infinity, failure }) =>
        failure === undefined ? Math.min(least, waitingSince) : least,
      Infinity,
    );
    const { onEvent, part } = this.#context;
    const isMeasured = this.#tally === this.#measured;
    if (part) {
      const { start } = this.#tally!.schedule;
      const changes = outages.handOver(start);
      const { firstAt } = outages;
      if (isMeasured) part.onChanges(changes, until - start, firstAt - start);
      return;
    }
    const changes = outages.settle(until);
    if (!isMeasured) return;
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
    const { onEvent, part } = this.#context;
    for (const { interval, delays } of this.#tally.settledIntervals(all)) {
      if (part) part.onInterval({ interval, delays: delays! });
      else onEvent?.({ event: "interval", warmup, ...interval });
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
    const { part } = this.#context;
    const { start, claims } = part ? await part.begin() : {};
    const schedule = new Schedule(options, start, claims);
    const tally = this.#tally = new Tally(
      {
        knowsLoss,
        isOneWay,
        flows: this.#flows.length,
        flowsOfAllParts: part?.flows,
      },
      schedule,
      histograms,
      isWarmup ? undefined : this.#context.prepared.directions,
    );
    if (!isWarmup) this.#measured = tally;
    if (this.#isStopped) schedule.stop();
    this.#starvation = new StarvationCheck(this.#flows, this.#brake, tally);
    const { reportEvery = DEFAULT_REPORT_EVERY, onDelays } = this.#options;
    const endInterval = () => {
      tally.endInterval(now(), onDelays === undefined);
      this.#emitIntervals();
    };
    const stopIntervals = part
      ? part.onTick(endInterval)
      : every(reportEvery, endInterval);
    try {
      await Promise.all(this.#flows.map((flow) => flow.run(tally)));
    } finally {
      stopIntervals();
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
    const { onEvent, prepared, part } = this.#context;
    const { interval, rate, bandwidth, burst, warmup = 0 } = this.#options;
    const { count, duration } = this.#options;
    const pace = { interval, rate, bandwidth, burst };
    const started = startedEvent(this.#options, this.#context);
    if (part) part.onReady(started, () => this.part());
    else await onEvent?.(started);
    this.#options.onRun?.(this);
    if (warmup > 0) {
      const schedule = { duration: warmup, ...pace };
      const tally = await this.#phase(schedule, prepared.warmup!, true);
      this.#warmedUp = tally;
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
      const failures = this.#failures;
      return { figures, failures, lastError: tally.lastError, wasEnded };
    } finally {
      instrument.stop();
    }
  }

  get #failures(): Failure[] {
    return this.#flows.flatMap(({ failure }) => failure ?? []);
  }

  #figures(tally: Tally, withHistograms: boolean): Figures {
    return figuresOf(
      {
        tally,
        warmedUp: this.#warmedUp,
        own: this.#context.figures(tally),
        observed: this.#instrument!.observed(),
        unread: this.#starvation?.unread,
        ports: this.#context.ports,
        threads: 1,
      },
      { ...this.#context, service: this.#options.service },
      withHistograms,
    );
  }

  /** What it has measured so far, as a part of a run; `undefined` before it measures. */
  part(): RunPart | undefined {
    const tally = this.#measured;
    if (tally === undefined) return undefined;
    const observed = this.#instrument!.observed();
    return {
      tally: tally.state(),
      warmup: this.#warmedUp?.state(),
      own: this.#context.figures(tally),
      observed: { ...observed, lateness: [...observed.lateness.counts()] },
      unread: this.#starvation?.unread,
      ports: this.#context.ports,
      failures: this.#failures,
    };
  }

  figures(): Figures | undefined {
    return this.#measured && this.#figures(this.#measured, false);
  }

  counts(): RunCounts | undefined {
    const tally = this.#measured;
    return tally && countsOf(tally, this.#context.figures(tally));
  }

  distribution(limits: readonly number[]): Distribution | undefined {
    return this.#measured?.distribution(limits);
  }

  get isDown(): boolean | undefined {
    return this.#measured?.outages?.isDown;
  }
}
