/**
 * Putting together the parts of a run that each a thread of its own has measured.
 *
 * Counts are added, histograms too, and all figures are computed from the sums by
 * what computes those of a run in one thread.
 *
 * @module
 */
import type {
  ClientObserver,
  DatagramCounts,
  IntervalEvent,
  OutageBeganEvent,
  OutageEndedEvent,
} from "../events/mod.ts";
import { between, wallTime } from "../net/clock.ts";
import { countsOf, type FiguresContext, figuresOf } from "./figures.ts";
import { Histogram } from "./histogram.ts";
import { type FlowChange, Outages } from "./outages.ts";
import { type Distribution, RoundTrips } from "./round_trips.ts";
import type {
  Figures,
  MeasureOptions,
  Outcome,
  RunCounts,
  RunInProgress,
  RunPart,
  TransportFigures,
} from "./run.ts";
import { isOpenLoop, Schedule } from "./schedule.ts";
import {
  type IntervalPart,
  KEPT_EVERY,
  LONG_INTERVAL,
  speedOf,
  Tally,
  tallyHistograms,
  type TallyState,
} from "./tally.ts";

/** What is known of a run before it has begun. */
export interface MergeContext extends FiguresContext {
  /** Its options. */
  options: MeasureOptions;
  /** The flows of each part. */
  flows: readonly number[];
  /** Called for each event. */
  onEvent?: ClientObserver<IntervalEvent | OutageBeganEvent | OutageEndedEvent>;
}

/** A phase of a run in several parts: its intervals and outages. */
export class MergedPhase {
  /** When it began, in microseconds of the clock. */
  readonly start: number;
  /** Its outages; `undefined` where they cannot be seen. */
  readonly outages: Outages | undefined;
  readonly #context: MergeContext;
  readonly #isWarmup: boolean;
  readonly #recent: RoundTrips;
  readonly #earlier: RoundTrips;
  /** For each part: the intervals that others have not reached. */
  readonly #intervals: IntervalPart[][];
  /** For each part: what it has told of its flows, up to this time. */
  readonly #toldUntil: number[];
  readonly #isOver: boolean[];
  /** When the intervals that are not emitted were ended, since the start. */
  readonly #ends: number[] = [];
  /** The end of the last interval that was emitted, since the start. */
  #elapsed = 0;
  #keptAt = 0;

  private constructor(
    context: MergeContext,
    start: number,
    isWarmup: boolean,
    histograms: [Histogram, Histogram],
  ) {
    this.#context = context;
    this.start = start;
    this.#isWarmup = isWarmup;
    const [recent, earlier] = histograms;
    this.#recent = new RoundTrips(recent);
    this.#earlier = new RoundTrips(earlier);
    const { flows, knowsLoss } = context;
    if (knowsLoss) this.outages = new Outages(sum(flows));
    this.#intervals = flows.map(() => []);
    this.#toldUntil = flows.map(() => 0);
    this.#isOver = flows.map(() => false);
  }

  /** Makes it before it begins. */
  static async prepare(
    context: MergeContext,
    isWarmup: boolean,
  ): Promise<(start: number) => MergedPhase> {
    const histograms: [Histogram, Histogram] = [
      await Histogram.create(),
      await Histogram.create(),
    ];
    return (start) => new MergedPhase(context, start, isWarmup, histograms);
  }

  /** All parts are asked to end their interval. */
  tick(time: number): void {
    this.#ends.push(time - this.start);
  }

  /** A part has settled its next interval. */
  addInterval(part: number, interval: IntervalPart): void {
    this.#intervals[part].push(interval);
    this.#emitIntervals();
  }

  /** Flows of a part went down or came up; see `PartOfRun.onChanges`. */
  addChanges(
    part: number,
    changes: readonly FlowChange[],
    until: number,
    firstAt: number,
  ): void {
    this.outages?.takeOver(changes, firstAt, this.start);
    this.#toldUntil[part] = until;
    this.#emitOutages();
  }

  /** A part is over. */
  end(part: number): void {
    this.#isOver[part] = true;
    this.#toldUntil[part] = Infinity;
    this.#emitOutages();
    this.#emitIntervals();
  }

  #emitOutages(): void {
    const until = this.start + Math.min(...this.#toldUntil);
    const changes = this.outages?.settle(until) ?? [];
    if (this.#isWarmup) return;
    for (const { isDown, outage } of changes) {
      this.#context.onEvent?.(
        isDown
          ? { event: "outage-began", ...outage }
          : { event: "outage-ended", ...outage },
      );
    }
  }

  /** Emits the intervals that all parts have settled. */
  #emitIntervals(): void {
    for (;;) {
      const isMissing = this.#intervals.some((waiting, part) =>
        waiting.length === 0 && !this.#isOver[part]
      );
      const parts = this.#intervals.flatMap((waiting) => waiting[0] ?? []);
      if (isMissing || parts.length === 0) return;
      for (const waiting of this.#intervals) waiting.shift();
      this.#context.onEvent?.({
        event: "interval",
        warmup: this.#isWarmup || undefined,
        ...this.#merge(parts),
      });
    }
  }

  #merge(parts: readonly IntervalPart[]): Omit<IntervalEvent, "event"> {
    for (const { delays } of parts) this.#recent.addState(delays);
    const { onDelays, service } = this.#context.options;
    const total = (
      key:
        | "messages_sent"
        | "messages_received"
        | "bytes_sent"
        | "bytes_received",
    ) => sum(parts.map(({ interval }) => interval[key]));
    const known = (key: "late_sends" | "lost") => {
      const each = parts.flatMap(({ interval }) => interval[key] ?? []);
      return each.length > 0 ? sum(each) : undefined;
    };
    const counts = {
      messages_sent: total("messages_sent"),
      messages_received: total("messages_received"),
      bytes_sent: total("bytes_sent"),
      bytes_received: total("bytes_received"),
    };
    // The last one ends as the parts do; an earlier one when they were asked to.
    const elapsed = between(
      0,
      Math.min(
        this.#ends.shift() ?? Infinity,
        Math.max(...parts.map(({ interval }) => interval.elapsed_us)),
      ),
    );
    const length = between(this.#elapsed, elapsed);
    const withHistograms = onDelays === undefined && !this.#isWarmup;
    const isLong = withHistograms && length >= LONG_INTERVAL;
    const merged = {
      began: wallTime(this.start + this.#elapsed).toISOString(),
      elapsed_us: elapsed,
      interval_us: length,
      ...counts,
      ...speedOf(counts, length, service === "discard"),
      late_sends: known("late_sends"),
      rtt_us: isLong ? this.#recent.summary() : this.#recent.percentiles(),
      lost: known("lost"),
    };
    this.#earlier.add(this.#recent);
    this.#recent.reset();
    this.#elapsed = elapsed;
    const isKept = withHistograms && !isLong &&
      elapsed - this.#keptAt >= KEPT_EVERY;
    if (!isKept) return merged;
    this.#keptAt = elapsed;
    return { ...merged, rtt_so_far_us: this.#earlier.summary() };
  }
}

/** What the parts of a run have measured, put together. */
export class MergedRun implements RunInProgress {
  /** Whether nothing came back when it was read. */
  readonly isDown: boolean | undefined;
  readonly #context: MergeContext;
  readonly #parts: readonly RunPart[];
  readonly #tally: Tally;
  readonly #warmedUp: Tally | undefined;
  readonly #lateness: Histogram;
  readonly #own: TransportFigures;

  private constructor(
    context: MergeContext,
    parts: readonly RunPart[],
    tally: Tally,
    warmedUp: Tally | undefined,
    lateness: Histogram,
  ) {
    this.isDown = tally.outages?.isDown;
    this.#context = context;
    this.#parts = parts;
    this.#tally = tally;
    this.#warmedUp = warmedUp;
    this.#lateness = lateness;
    this.#own = sumOwn(parts.map(({ own }) => own));
  }

  /**
   * Puts them together.
   *
   * @param parts In the order of their flows.
   * @param phase Where its outages are.
   */
  static async of(
    context: MergeContext,
    parts: readonly RunPart[],
    phase: MergedPhase,
  ): Promise<MergedRun> {
    const { options } = context;
    const { rate, bandwidth, count, duration, warmup } = options;
    const pace = { rate, bandwidth };
    const tally = await mergedTally(
      context,
      parts.map(({ tally }) => tally),
      new Schedule({ count, duration, ...pace }, phase.start),
      phase.outages,
    );
    const warmups = parts.flatMap(({ warmup }) => warmup ?? []);
    const warmedUp = warmups.length > 0
      ? await mergedTally(
        context,
        warmups,
        new Schedule({ duration: warmup, ...pace }, phase.start),
      )
      : undefined;
    const lateness = await Histogram.create({ digits: 2 });
    for (const { observed } of parts) lateness.addCounts(observed.lateness);
    return new MergedRun(context, parts, tally, warmedUp, lateness);
  }

  /** Its figures. */
  figures(withHistograms = false): Figures {
    const unread = this.#parts.flatMap(({ unread }) => unread ?? []);
    const observed = this.#parts.map(({ observed }) => observed);
    // Each has seen the processor time of all of them.
    const { cpuTime, length } = observed.reduce((longest, each) =>
      each.length > longest.length ? each : longest
    );
    return figuresOf(
      {
        tally: this.#tally,
        warmedUp: this.#warmedUp,
        own: this.#own,
        observed: {
          lateness: this.#lateness,
          largest: Math.max(...observed.map(({ largest }) => largest)),
          cpuTime,
          length,
        },
        unread: unread.length > 0 ? Math.max(...unread) : undefined,
        ports: this.#parts.flatMap(({ ports }) => ports),
        threads: this.#parts.length,
      },
      this.#context,
      withHistograms,
    );
  }

  /** Its counts. */
  counts(): RunCounts {
    return countsOf(this.#tally, this.#own);
  }

  /** How its round trips are distributed. */
  distribution(limits: readonly number[]): Distribution | undefined {
    return this.#tally.distribution(limits);
  }

  /**
   * Its outcome, once all parts are over.
   *
   * @param wasEnded Whether the caller ended a run without an end of its own.
   */
  outcome(wasEnded: boolean): Outcome {
    const { onDelays } = this.#context.options;
    onDelays?.(this.#tally.delays().counts());
    return {
      figures: this.figures(onDelays === undefined),
      failures: this.#parts.flatMap(({ failures }) => failures),
      lastError: this.#tally.lastError,
      wasEnded,
    };
  }
}

async function mergedTally(
  { options, flows, knowsLoss }: MergeContext,
  states: readonly TallyState[],
  schedule: Schedule,
  outages?: Outages,
): Promise<Tally> {
  const tally = new Tally(
    { knowsLoss, isOneWay: options.service === "discard", flows: sum(flows) },
    schedule,
    await tallyHistograms(isOpenLoop(options)),
    undefined,
    outages,
  );
  let firstFlow = 0;
  states.forEach((state, part) => {
    tally.addState(state, firstFlow);
    firstFlow += flows[part];
  });
  return tally;
}

/** The figures that only one transport has, of all parts. */
function sumOwn(parts: readonly TransportFigures[]): TransportFigures {
  const datagrams = parts.flatMap(({ datagrams }) => datagrams ?? []);
  return {
    errors: sum(parts.map(({ errors }) => errors)),
    datagrams: datagrams.length > 0 ? sumDatagrams(datagrams) : undefined,
    jitters: parts.some(({ jitters }) => jitters)
      ? parts.flatMap(({ jitters }) => jitters ?? [])
      : undefined,
  };
}

function sumDatagrams(parts: readonly DatagramCounts[]): DatagramCounts {
  /** What no part knows stays absent. */
  const known = (key: keyof DatagramCounts) =>
    parts.flatMap((part) => (part[key] as number | undefined) ?? []);
  const total = (key: keyof DatagramCounts) => {
    const each = known(key);
    return each.length > 0 ? sum(each) : undefined;
  };
  const distances = known("reordering_distance");
  const isBound = parts.some((part) => part.late_is_lower_bound);
  return {
    lost: total("lost"),
    corrupted: total("corrupted"),
    strays: sum(known("strays")),
    late: total("late"),
    duplicates: total("duplicates"),
    reordered: total("reordered"),
    reordering_distance: distances.length > 0
      ? Math.max(...distances)
      : undefined,
    late_is_lower_bound: isBound ? true : undefined,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
