/**
 * How delay grows while a path is full: probes go on at a gentle rate while the
 * path is quiet, and then while bulk traffic fills it one way, the other, and both.
 *
 * @module
 */
import type {
  ClientObserver,
  Failure,
  LoadDirection,
  LoadIntervalEvent,
  LoadPhase,
  LoadPhaseName,
  MeasureResult,
  TcpClientEvent,
  Traffic,
  Transport,
  UdpClientEvent,
  UnderLoad,
} from "../events/mod.ts";
import { pause } from "../net/backoff.ts";
import { between, now } from "../net/clock.ts";
import { type Kinds, rate, time, whole } from "../net/options.ts";
import { type MetricExpectation, verdict } from "./expectations.ts";
import { Histogram } from "./histogram.ts";
import { Load, type LoadRun } from "./load.ts";
import { RoundTrips } from "./round_trips.ts";
import type { MeasureOptions } from "./run.ts";
import {
  AVERAGE_DISTANCE,
  MovingAverage,
  roundTripsPerMinute,
} from "./saturation.ts";

/** Options of every run under load. */
export interface UnderLoadOptions {
  /** Connections (TCP) or sockets (UDP) of the bulk traffic, each way. @default {4} */
  connections?: number;
  /** Probes a second, open loop, on a connection or socket of their own. @default {20} */
  rate?: number;
  /** Milliseconds of the quiet phase. @default {3000} */
  quiet?: number;
  /**
   * Milliseconds that a loaded phase may last; it ends before, once the speed of
   * the bulk traffic and then the responsiveness have settled. @default {20000}
   */
  longestPhase?: number;
  /** Milliseconds from one look at the speed and the delay to the next. @default {1000} */
  lookEvery?: number;
}

/** The valid values of these options. */
export const UNDER_LOAD_KINDS: Kinds<UnderLoadOptions> = {
  connections: whole(1),
  rate,
  quiet: time,
  longestPhase: time,
  lookEvery: time,
};

/** Connections of the bulk traffic where the options do not say. */
export const LOAD_CONNECTIONS = 4;

/** Probes a second where the options do not say. */
export const PROBE_RATE = 20;

/** How long the phases are, in milliseconds, where the options do not say. */
export const LONGEST_PHASE = 20_000;
const QUIET = 3000;
const LOOK_EVERY = 1000;

/** The loaded phases, in order. */
const LOAD_DIRECTIONS: readonly LoadDirection[] = [
  "out",
  "back",
  "both",
];

/** What a client emits under load. */
export type UnderLoadObserver = ClientObserver<
  TcpClientEvent | UdpClientEvent
>;

/** The bulk traffic of each direction that can be had. */
export type Loads = Partial<Record<LoadDirection, readonly LoadRun[]>>;

/** What is run under load, on whatever it travels. */
export interface UnderLoadPlan extends UnderLoadOptions {
  /** Sends probes until its signal aborts. */
  probe: (
    options:
      & Required<Pick<MeasureOptions, "signal" | "rate" | "detail">>
      & { onEvent: UnderLoadObserver },
  ) => Promise<MeasureResult>;
  /** The bulk traffic of each direction that can be had. */
  loads: Loads;
  /** What the bulk traffic travels on. */
  bulk: Transport;
  /** Conditions that the result must meet. */
  expectations?: readonly MetricExpectation[];
  /** Ends the run early. */
  signal?: AbortSignal;
  /** Called for each event. */
  onEvent?: UnderLoadObserver;
}

/** A probe that was answered, or given up (`delay` is absent). */
interface Probe {
  /** When it was due. */
  at: number;
  delay?: number;
}

/** The bytes of the bulk traffic at a moment; absent without any. */
interface Look {
  at: number;
  moved?: Traffic;
}

/** A phase that is over, but for the probes that are still in flight. */
interface PhaseRecord extends
  Pick<
    LoadPhase,
    | "phase"
    | "confidence"
    | "sent_bytes_per_second"
    | "received_bytes_per_second"
  > {
  began: number;
  /** Its figures are of what follows. */
  measuredFrom: number;
  /** Its responsiveness is that of what follows. */
  lastFrom: number;
  ended: number;
}

/**
 * Measures delay under load. All probes are one measuring run, which goes on from
 * the first phase to the last.
 *
 * @returns The result of the probes, with `measured.under_load`; also where the
 * check failed.
 * @throws What the probes or the bulk traffic throw that cannot start.
 */
export async function measureUnderLoad(
  plan: UnderLoadPlan,
): Promise<MeasureResult> {
  return await new UnderLoadRun(plan).finished();
}

class UnderLoadRun {
  readonly #plan: UnderLoadPlan;
  readonly #probes: Probe[] = [];
  readonly #phases: PhaseRecord[] = [];
  /** Ends the probing. */
  readonly #enough = new AbortController();
  /** Aborts when the probing has ended, which ends all. */
  readonly #over = new AbortController();
  /** Resolves when the probing has begun. */
  readonly #begun = Promise.withResolvers<void>();
  readonly #histograms: Histogram[] = [];
  /** The delays of an interval. */
  #recent = new RoundTrips();
  #start = now();
  #failure: Failure | undefined;

  constructor(plan: UnderLoadPlan) {
    this.#plan = plan;
  }

  async finished(): Promise<MeasureResult> {
    const { signal, onEvent, expectations = [] } = this.#plan;
    const { quiet = QUIET } = this.#plan;
    // Made beforehand: nothing shall delay a probe.
    this.#histograms.push(await Histogram.create());
    for (const _ of LOAD_DIRECTIONS) {
      this.#histograms.push(await Histogram.create());
    }
    this.#recent = new RoundTrips(await Histogram.create());
    signal?.addEventListener("abort", this.#stop, { once: true });
    if (signal?.aborted) this.#stop();
    const probing = this.#probe();
    try {
      await Promise.race([this.#begun.promise, probing]);
      await this.#phase("quiet", undefined, quiet);
      for (const direction of this.#directions()) {
        if (this.#over.signal.aborted || this.#failure) break;
        await this.#loaded(direction);
      }
    } finally {
      this.#enough.abort();
      signal?.removeEventListener("abort", this.#stop);
      // What was thrown above comes first.
      await probing.catch(() => {});
    }
    const probed = await probing;
    const figures: MeasureResult = {
      ...probed,
      measured: { ...probed.measured, under_load: this.#summary(probed) },
    };
    // Probes may be lost where a queue is full, which is no failure by itself.
    const failed = probed.failure?.code === "loss" ? undefined : probed.failure;
    const result: MeasureResult = {
      ...figures,
      ...verdict(figures, this.#failure ?? failed, expectations),
    };
    await onEvent?.(result);
    return result;
  }

  readonly #stop = (): void => {
    this.#failure ??= { code: "stopped", message: "stopped before the end" };
    this.#enough.abort();
  };

  #directions(): LoadDirection[] {
    return LOAD_DIRECTIONS.filter((each) =>
      this.#plan.loads[each] !== undefined
    );
  }

  async #probe(): Promise<MeasureResult> {
    const { probe, rate = PROBE_RATE } = this.#plan;
    try {
      return await probe({
        rate,
        signal: this.#enough.signal,
        detail: true,
        onEvent: this.#onProbeEvent,
      });
    } finally {
      this.#over.abort();
    }
  }

  readonly #onProbeEvent: UnderLoadObserver = (event) => {
    const { onEvent, bulk, connections = LOAD_CONNECTIONS } = this.#plan;
    switch (event.event) {
      case "started":
        this.#start = now();
        this.#begun.resolve();
        return onEvent?.({ ...event, under_load: { bulk, connections } });
      case "received":
        this.#probes.push({ at: now() - event.rtt_us!, delay: event.rtt_us });
        return;
      case "lost":
        this.#probes.push({ at: now() - event.waited_us });
        return;
      case "sent":
      case "stray":
      case "result":
        return;
      default:
        return onEvent?.(event);
    }
  };

  async #loaded(direction: LoadDirection): Promise<void> {
    const { loads, longestPhase = LONGEST_PHASE } = this.#plan;
    const load = await Load.start(loads[direction]!, this.#over.signal);
    try {
      await this.#phase(direction, load, longestPhase);
    } finally {
      const failure = await load.stop();
      if (failure !== undefined) {
        this.#failure ??= {
          ...failure,
          message: `bulk ${direction}: ${failure.message}`,
        };
      }
    }
  }

  /** Looks at the speed and the delay, interval by interval, until both have settled. */
  async #phase(
    phase: LoadPhaseName,
    load: Load | undefined,
    longest: number,
  ): Promise<void> {
    const { lookEvery = LOOK_EVERY, onEvent } = this.#plan;
    const over = load === undefined
      ? this.#over.signal
      : AbortSignal.any([this.#over.signal, load.ended]);
    const looks: Look[] = [{ at: now(), moved: load?.moved() }];
    const speed = new MovingAverage();
    const responsiveness = new MovingAverage();
    let saturatedAt: number | undefined;
    let isSettled = false;
    let seen = this.#probes.length;
    const end = looks[0].at + longest * 1000;
    while (!isSettled && !over.aborted) {
      const left = (end - now()) / 1000;
      // A rest of an interval would say little.
      if (left < lookEvery / 2) break;
      await pause(Math.min(lookEvery, left), over);
      if (over.aborted) break;
      const before = looks.at(-1)!;
      const look: Look = { at: now(), moved: load?.moved() };
      looks.push(look);
      const delays = this.#probes.slice(seen).flatMap(({ delay }) =>
        delay ?? []
      );
      seen = this.#probes.length;
      this.#recent.reset();
      delays.forEach((delay) => this.#recent.record(delay));
      const interval: LoadIntervalEvent = {
        event: "load-interval",
        phase,
        elapsed_us: between(this.#start, look.at),
        interval_us: between(before.at, look.at),
        ...speedBetween(phase, before, look),
        saturated: saturatedAt === undefined ? undefined : true,
        rtt_us: this.#recent.percentiles(),
      };
      await onEvent?.(interval);
      if (load === undefined) continue;
      if (saturatedAt === undefined) {
        const { sent_bytes_per_second = 0, received_bytes_per_second = 0 } =
          interval;
        speed.add(sent_bytes_per_second + received_bytes_per_second);
        if (speed.isStable) saturatedAt = look.at;
      } else {
        const inMinute = roundTripsPerMinute(delays);
        if (inMinute !== undefined) responsiveness.add(inMinute);
        isSettled = responsiveness.isStable;
      }
    }
    const last = looks.at(-1)!;
    // An interval that was cut off is left out.
    const lastLooks = looks.slice(-1 - AVERAGE_DISTANCE);
    const from = load === undefined
      ? looks[0]
      : looks.find(({ at }) => at === saturatedAt && at < last.at) ??
        lastLooks[0];
    if (from === last) return;
    this.#phases.push({
      phase,
      began: looks[0].at,
      measuredFrom: from.at,
      lastFrom: lastLooks[0].at,
      ended: last.at,
      confidence: load === undefined
        ? undefined
        : isSettled
        ? "high"
        : saturatedAt !== undefined
        ? "medium"
        : "low",
      ...speedBetween(phase, from, last),
    });
  }

  #summary({ datagrams }: MeasureResult): UnderLoad {
    const { bulk, loads, connections = LOAD_CONNECTIONS } = this.#plan;
    const phases: LoadPhase[] = [];
    for (const [i, phase] of this.#phases.entries()) {
      phases.push(
        this.#phaseOf(
          phase,
          new RoundTrips(this.#histograms[i]),
          datagrams !== undefined,
          phases[0],
        ),
      );
    }
    const loaded = phases.filter(({ phase }) => phase !== "quiet");
    const figures = loaded.flatMap(({ responsiveness }) =>
      responsiveness ?? []
    );
    return {
      bulk,
      connections,
      phases,
      left_out: LOAD_DIRECTIONS.filter((each) => loads[each] === undefined),
      responsiveness: figures.length > 0 && figures.length === loaded.length
        ? Math.min(...figures)
        : undefined,
    };
  }

  #phaseOf(
    { began, measuredFrom, lastFrom, ended, confidence, ...rest }: PhaseRecord,
    trips: RoundTrips,
    knowsLoss: boolean,
    quiet: LoadPhase | undefined,
  ): LoadPhase {
    const probes = this.#probes.filter(({ at }) =>
      at >= measuredFrom && at < ended
    );
    const delaysFrom = (time: number) =>
      probes.flatMap(({ at, delay }) => at >= time ? delay ?? [] : []);
    const delays = delaysFrom(measuredFrom);
    delays.forEach((delay) => trips.record(delay));
    const rtt_us = trips.summary();
    const [median, quietMedian] = [rtt_us?.p50, quiet?.rtt_us?.p50];
    return {
      ...rest,
      began_us: between(this.#start, began),
      duration_us: between(began, ended),
      measured_us: between(measuredFrom, ended),
      rtt_us,
      lost: knowsLoss ? probes.length - delays.length : undefined,
      times_quiet: median === undefined || quietMedian === undefined
        ? undefined
        : Math.round(100 * median / quietMedian) / 100,
      responsiveness: roundTripsPerMinute(delaysFrom(lastFrom)),
      confidence,
    };
  }
}

/** The speed of the bulk traffic in a phase, in the directions that it has. */
function speedBetween(
  phase: LoadPhaseName,
  from: Look,
  to: Look,
): Pick<LoadPhase, "sent_bytes_per_second" | "received_bytes_per_second"> {
  const speedOf = (key: keyof Traffic, other: LoadPhaseName) =>
    from.moved === undefined || to.moved === undefined || phase === other
      ? undefined
      : Math.round((to.moved[key] - from.moved[key]) / (to.at - from.at) * 1e6);
  return {
    sent_bytes_per_second: speedOf("bytes_sent", "back"),
    received_bytes_per_second: speedOf("bytes_received", "out"),
  };
}
