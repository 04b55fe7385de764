/**
 * Counting what a run sends and receives.
 *
 * @module
 */
import type {
  Counts,
  DatagramCounts,
  FlowShares,
  IntervalEvent,
  OutageSummary,
  Speed,
} from "../events/mod.ts";
import { between, wallTime } from "../net/clock.ts";
import type { DirectionTally } from "./directions/directions.ts";
import { type Way, WAYS } from "./directions/numbering.ts";
import { FlowTally, type FlowTallyState } from "./flows/flow_tally.ts";
import { Histogram } from "./histogram.ts";
import { Outages } from "./outages.ts";
import {
  type Distribution,
  RoundTrips,
  type RoundTripsState,
} from "./round_trips.ts";
import type { Schedule } from "./schedule.ts";

/** A message sent more than this after it was due, in microseconds, is a late send. */
const LATE = 1000;

/**
 * An interval of this length, in microseconds, has its histogram; with shorter
 * ones, the run so far has one each `KEPT_EVERY`.
 */
export const LONG_INTERVAL = 9_900_000;
export const KEPT_EVERY = 60_000_000;

/** What kind of run is counted. */
export interface TallyOptions {
  /** A single message can be lost, and be seen to be. */
  knowsLoss: boolean;
  /** Nothing comes back: a message is done when it is sent. */
  isOneWay: boolean;
  /** Connections or sockets. */
  flows: number;
  /** The run is one of several parts with so many flows in all. */
  flowsOfAllParts?: number;
}

/** The histograms of a tally, made beforehand since that takes a while. */
export interface TallyHistograms {
  recent: Histogram;
  before: Histogram;
  /** Only in an open loop. */
  fromSending?: Histogram;
}

/** Makes the histograms of a tally. */
export async function tallyHistograms(
  isOpenLoop: boolean,
): Promise<TallyHistograms> {
  return {
    recent: await Histogram.create(),
    before: await Histogram.create(),
    fromSending: isOpenLoop ? await Histogram.create() : undefined,
  };
}

/** Counted when it happens, whereas a loss counts when its message was sent. */
class Activity {
  messagesSent = 0;
  messagesReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  lateSends = 0;
}

/** What else is counted when it happens. */
class OtherCounts {
  /** Late sends caused by the client itself. */
  lateByClient = 0;
  /** Messages that were due and could not be sent. */
  unsent = 0;
  lost = 0;
  corrupted = 0;
  late = 0;
  duplicates = 0;
  reordered = 0;
  strays = 0;
  errors = 0;
}

/** What a tally has counted, as one thread hands it to another; times in microseconds. */
export interface TallyState {
  total: Activity;
  other: OtherCounts;
  reorderingDistance: number;
  lastError: string | undefined;
  isUnfinished: boolean;
  /** From the start to the last message sent, and to the last byte moved. */
  lastSent: number;
  lastMoved: number;
  delays: RoundTripsState;
  fromSending: RoundTripsState | undefined;
  byFlow: FlowTallyState;
}

/** A settled interval. */
export type SettledInterval = Omit<IntervalEvent, "event">;

/** A settled interval of one of several threads. */
export interface IntervalPart {
  interval: SettledInterval;
  delays: RoundTripsState;
}

/** An interval of the run, kept until each message sent in it is answered or given up. */
interface Interval {
  /** When it began. */
  readonly start: number;
  /** Of the messages sent in it: those neither answered nor given up. */
  open: number;
  /** Of the messages sent in it: those given up. */
  lost: number;
  /** Of those: how many on which way, where that is known. */
  readonly lostOn: Record<Way, number>;
  /** Its event, once it is over, without its losses. */
  event?: Omit<IntervalEvent, "event" | "lost">;
  /** Its delays, where they are to be added to those of other threads. */
  delays?: RoundTripsState;
}

function newInterval(start: number): Interval {
  return { start, open: 0, lost: 0, lostOn: { out: 0, back: 0 } };
}

/** The counts of a run, or of its warm-up, over all its flows. */
export class Tally {
  /** The messages that it counts. */
  readonly schedule: Schedule;
  /** What is found out about each way; absent where nothing tells. */
  readonly directions: DirectionTally | undefined;
  /** The same counts for each of its flows. */
  readonly byFlow: FlowTally;
  readonly #options: TallyOptions;
  readonly #total = new Activity();
  /** The totals at the start of the current interval. */
  #before = new Activity();
  /** The times in which nothing came back; `undefined` where that cannot be seen. */
  readonly outages: Outages | undefined;
  readonly #other = new OtherCounts();
  #reorderingDistance = 0;
  #lastError: string | undefined;
  #isUnfinished = false;
  #lastSent: number;
  #lastMoved: number;
  /** When an interval last had the delays of the run so far. */
  #keptAt: number;
  /** The intervals that are not settled, and the current one. */
  readonly #intervals: Interval[];
  /** Round trips of the current interval, and of those before it. */
  readonly #recent: RoundTrips;
  readonly #earlier: RoundTrips;
  readonly #fromSending: RoundTrips | undefined;

  constructor(
    options: TallyOptions,
    schedule: Schedule,
    { recent, before, fromSending }: TallyHistograms,
    directions?: DirectionTally,
    outages = options.knowsLoss ? new Outages(options.flows) : undefined,
  ) {
    this.#options = options;
    this.schedule = schedule;
    this.directions = directions;
    this.#recent = new RoundTrips(recent);
    this.#earlier = new RoundTrips(before);
    if (schedule.isOpenLoop) this.#fromSending = new RoundTrips(fromSending);
    this.outages = outages;
    this.byFlow = new FlowTally(
      options.flows,
      schedule.start,
      options.flowsOfAllParts,
    );
    this.#lastSent = this.#lastMoved = this.#keptAt = schedule.start;
    this.#intervals = [newInterval(schedule.start)];
    if (directions) {
      directions.onLost = (way, sentAt) =>
        this.#intervalOf(sentAt).lostOn[way]++;
    }
  }

  /** Connections or sockets. */
  get flows(): number {
    return this.#options.flows;
  }

  /** Messages sent. */
  get messagesSent(): number {
    return this.#total.messagesSent;
  }

  /** Messages answered in time and intact. */
  get messagesReceived(): number {
    return this.#total.messagesReceived;
  }

  /** Messages given up. */
  get lost(): number {
    return this.#other.lost;
  }

  /** Late sends caused by the client itself, not the path. */
  get lateByClient(): number {
    return this.#other.lateByClient;
  }

  /** Messages that were due and could not be sent. */
  get unsent(): number {
    return this.#other.unsent;
  }

  /** Socket errors. */
  get errors(): number {
    return this.#other.errors;
  }

  /** The last socket error, in words. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Messages sent and neither answered nor given up. */
  get inFlight(): number {
    return this.#options.isOneWay ? 0 : this.messagesSent -
      this.messagesReceived - this.#other.lost - this.#other.corrupted;
  }

  /**
   * Counts a message that is handed to its socket.
   *
   * @param flow The number of its flow.
   * @param due When it was due.
   * @param at When it was handed over.
   * @param wasHeld Whether the path delayed it.
   */
  sent(flow: number, due: number, at: number, wasHeld: boolean): void {
    this.#total.messagesSent++;
    this.#lastSent = this.#lastMoved = at;
    this.#intervals[this.#intervals.length - 1].open++;
    const isLate = at - due > LATE;
    this.byFlow.sent(flow, at, isLate);
    if (isLate) {
      this.#total.lateSends++;
      if (!wasHeld) this.#other.lateByClient++;
    }
  }

  /**
   * Uncounts a message that the system refused.
   *
   * @param flow The number of its flow.
   * @param due When it was due.
   * @param at When it was handed over.
   * @param wasHeld Whether the path delayed it.
   */
  refused(flow: number, due: number, at: number, wasHeld = false): void {
    const isLate = at - due > LATE;
    this.byFlow.unsent(flow, isLate);
    this.#other.unsent++;
    if (isLate && !wasHeld) this.#other.lateByClient--;
    const interval = this.#intervalOf(at);
    interval.open--;
    const uncount = (activity: Activity) => {
      activity.messagesSent--;
      if (isLate) activity.lateSends--;
    };
    uncount(this.#total);
    // Its interval may be over: the current one has nothing to do with it.
    if (interval.event === undefined) return;
    uncount(this.#before);
    interval.event.messages_sent--;
    if (isLate && interval.event.late_sends) interval.event.late_sends--;
  }

  /** Counts a message that was due while there was no connection to send it on. */
  missed(): void {
    this.#other.unsent++;
  }

  /** Counts bytes sent. */
  sentBytes(bytes: number): void {
    this.#total.bytesSent += bytes;
  }

  /** Counts bytes received. */
  receivedBytes(bytes: number): void {
    this.#total.bytesReceived += bytes;
  }

  /** Records when bytes of the run were last sent or received. */
  moved(at: number): void {
    this.#lastMoved = at;
  }

  /**
   * Counts a message answered in time and intact.
   *
   * @param flow The number of its flow.
   * @param due When it was due.
   * @param sentAt When it was sent.
   * @param at When the answer was received.
   * @param inPeer Microseconds that the peer says it took, which are not the path's.
   * @returns Its round-trip delay, in microseconds.
   */
  answered(
    flow: number,
    due: number,
    sentAt: number,
    at: number,
    inPeer = 0,
  ): number {
    this.#total.messagesReceived++;
    this.#intervalOf(sentAt).open--;
    this.#lastMoved = at;
    const fromSending = between(sentAt, at - inPeer);
    this.byFlow.answered(flow, fromSending, sentAt - due > LATE);
    if (this.#fromSending === undefined) {
      this.#recent.record(fromSending);
      return fromSending;
    }
    this.#fromSending.record(fromSending);
    const delay = between(due, at - inPeer);
    this.#recent.record(delay);
    return delay;
  }

  /** Counts a message whose answer was damaged. */
  corrupted(sentAt: number, at: number): void {
    this.#other.corrupted++;
    this.#lastMoved = Math.max(this.#lastMoved, at);
    this.#intervalOf(sentAt).open--;
  }

  /** Counts a lost message, in the interval in which it was sent. */
  gaveUp(flow: number, due: number, sentAt: number): void {
    this.#other.lost++;
    this.byFlow.gaveUp(flow, sentAt, sentAt - due > LATE);
    const interval = this.#intervalOf(sentAt);
    interval.open--;
    interval.lost++;
  }

  /** Counts an answer to a message that had been given up. */
  answeredLate(): void {
    this.#other.late++;
  }

  /** Counts a second answer to a message. */
  duplicated(): void {
    this.#other.duplicates++;
  }

  /** Counts an answer that came after one to a later message of its flow. */
  reordered(distance: number): void {
    this.#other.reordered++;
    this.#reorderingDistance = Math.max(this.#reorderingDistance, distance);
  }

  /** Counts a datagram that answers nothing. */
  strayed(): void {
    this.#other.strays++;
  }

  /** Counts a socket error. */
  failed(reason: string): void {
    this.#other.errors++;
    this.#lastError = reason;
  }

  /** Records that it is unknown whether the peer received everything. */
  leftUnfinished(): void {
    this.#isUnfinished = true;
  }

  /** The interval in which a message was sent, nearly always one of the last two. */
  #intervalOf(sentAt: number): Interval {
    let i = this.#intervals.length - 1;
    while (i > 0 && this.#intervals[i].start > sentAt) i--;
    return this.#intervals[i];
  }

  /**
   * Ends the current interval at a moment, and begins another.
   *
   * @param withHistograms Long intervals get their histogram; else, the run so far
   * gets one from time to time.
   */
  endInterval(at: number, withHistograms = false): void {
    const interval = this.#intervals[this.#intervals.length - 1];
    const length = between(interval.start, at);
    const isLong = withHistograms && length >= LONG_INTERVAL;
    const counts = this.#countsSince(this.#before);
    const delays = isLong ? this.#recent.summary() : this.#recent.percentiles();
    interval.event = {
      began: wallTime(interval.start).toISOString(),
      elapsed_us: between(this.schedule.start, at),
      interval_us: length,
      ...counts,
      ...this.#speed(counts, length),
      late_sends: this.#lateSendsSince(this.#before),
      rtt_us: delays,
      directions: this.directions?.endInterval(),
    };
    if (this.#options.flowsOfAllParts) interval.delays = this.#recent.state();
    this.#before = Object.assign(new Activity(), this.#total);
    this.#earlier.add(this.#recent);
    this.#recent.reset();
    if (withHistograms && !isLong && at - this.#keptAt >= KEPT_EVERY) {
      this.#keptAt = at;
      interval.event.rtt_so_far_us = this.#earlier.summary();
    }
    this.#intervals.push(newInterval(at));
  }

  /**
   * Hands out the settled intervals: they are over, and every message sent in them
   * is answered or given up.
   *
   * @param all Include those with messages still in flight: the run has ended.
   */
  *settledIntervals(
    all = false,
  ): Generator<{ interval: SettledInterval; delays?: RoundTripsState }> {
    for (;;) {
      const [{ event, open, lost, lostOn, delays }] = this.#intervals;
      const isOpen = this.#options.knowsLoss && open > 0 && !all;
      if (event === undefined || isOpen) return;
      this.#intervals.shift();
      const { directions } = event;
      if (directions && this.directions!.knowsWays(lost)) {
        for (const way of WAYS) directions[way].lost = lostOn[way];
      }
      const known = this.#options.knowsLoss ? lost : undefined;
      yield { interval: { ...event, lost: known }, delays };
    }
  }

  /** Whether anything was sent or received since the last interval ended. */
  get hasMoved(): boolean {
    const { messagesSent, bytesSent, bytesReceived } = this.#total;
    return messagesSent > this.#before.messagesSent ||
      bytesSent > this.#before.bytesSent ||
      bytesReceived > this.#before.bytesReceived;
  }

  /** The total counts. */
  counts(): Counts {
    return this.#countsSince(new Activity());
  }

  /** Late sends; `undefined` in a closed loop. */
  get lateSends(): number | undefined {
    return this.#lateSendsSince(new Activity());
  }

  /** The overall speed; `undefined` where it is unknown what the peer received. */
  speed(): Speed | undefined {
    if (this.#isUnfinished) return undefined;
    return this.#speed(this.counts(), this.#span);
  }

  get #span(): number {
    return this.schedule.span(
      this.messagesSent,
      this.#total.bytesSent,
      this.#lastSent,
      this.#lastMoved,
    );
  }

  /** Its outages so far; `undefined` where they cannot be seen. */
  outageSummary(): OutageSummary | undefined {
    return this.outages?.summary(this.schedule.start + this.#span);
  }

  /** From its start to the last byte sent or received, in microseconds. */
  get duration(): number {
    return between(this.schedule.start, this.#lastMoved);
  }

  /** All its round trips so far. */
  delays(): RoundTrips {
    return this.#earlier.with(this.#recent);
  }

  /** How all its round trips so far are distributed: quicker to read than {@linkcode delays}. */
  distribution(limits: readonly number[]): Distribution | undefined {
    const earlier = this.#earlier.distribution(limits);
    const recent = this.#recent.distribution(limits);
    return earlier && recent && {
      within: earlier.within.map((count, i) => count + recent.within[i]),
      count: earlier.count + recent.count,
      sum: earlier.sum + recent.sum,
    };
  }

  /** In an open loop, round trips from the actual sending instead of the scheduled time. */
  get fromSending(): RoundTrips | undefined {
    return this.#fromSending;
  }

  /** The counts of a run's datagrams. */
  datagrams(): DatagramCounts {
    const strays = this.#other.strays;
    if (!this.#options.knowsLoss) return { strays };
    return {
      lost: this.#other.lost,
      corrupted: this.#other.corrupted,
      late: this.#other.late,
      duplicates: this.#other.duplicates,
      reordered: this.#other.reordered,
      reordering_distance: this.#reorderingDistance,
      strays,
    };
  }

  /** How evenly the flows were answered; `undefined` for a single flow. */
  shares(): FlowShares | undefined {
    const { flows, isOneWay } = this.#options;
    if (flows < 2 || isOneWay) return undefined;
    const sorted = this.byFlow.answeredBy.toSorted();
    const sum = sorted.reduce((total, each) => total + each, 0);
    const squares = sorted.reduce((total, each) => total + each * each, 0);
    return {
      count: flows,
      least: sorted[0],
      median: sorted[Math.floor(flows / 2)],
      jain: sum === 0
        ? undefined
        : Math.round(1000 * sum * sum / (flows * squares)) / 1000,
    };
  }

  /** The median delay so far, of the current interval if it has any; `undefined` where there is none. */
  medianDelay(): number | undefined {
    return this.#recent.median() ?? this.#earlier.median();
  }

  #countsSince(earlier: Activity): Counts {
    const total = this.#total;
    return {
      messages_sent: total.messagesSent - earlier.messagesSent,
      messages_received: total.messagesReceived - earlier.messagesReceived,
      bytes_sent: total.bytesSent - earlier.bytesSent,
      bytes_received: total.bytesReceived - earlier.bytesReceived,
    };
  }

  #lateSendsSince(earlier: Activity): number | undefined {
    if (!this.schedule.isOpenLoop) return undefined;
    return this.#total.lateSends - earlier.lateSends;
  }

  #speed(counts: Counts, microseconds: number): Speed {
    return speedOf(counts, microseconds, this.#options.isOneWay);
  }

  /** What it has counted, for another thread. */
  state(): TallyState {
    const { start } = this.schedule;
    return {
      total: this.#total,
      other: this.#other,
      reorderingDistance: this.#reorderingDistance,
      lastError: this.#lastError,
      isUnfinished: this.#isUnfinished,
      lastSent: this.#lastSent - start,
      lastMoved: this.#lastMoved - start,
      delays: this.delays().state(),
      fromSending: this.#fromSending?.state(),
      byFlow: this.byFlow.state(),
    };
  }

  /**
   * Adds what another thread has counted since the same start. Outages and intervals
   * are put together by themselves.
   *
   * @param firstFlow The number that the first of its flows has here.
   */
  addState(state: TallyState, firstFlow: number): void {
    addCounts(this.#total, state.total);
    addCounts(this.#other, state.other);
    this.#reorderingDistance = Math.max(
      this.#reorderingDistance,
      state.reorderingDistance,
    );
    this.#lastError ??= state.lastError;
    this.#isUnfinished ||= state.isUnfinished;
    const { start } = this.schedule;
    this.#lastSent = Math.max(this.#lastSent, start + state.lastSent);
    this.#lastMoved = Math.max(this.#lastMoved, start + state.lastMoved);
    this.#recent.addState(state.delays);
    if (state.fromSending) this.#fromSending?.addState(state.fromSending);
    this.byFlow.addState(state.byFlow, firstFlow);
  }
}

function addCounts<Counted extends Activity | OtherCounts>(
  sum: Counted,
  part: Counted,
): void {
  for (const key of Object.keys(part) as (keyof Counted)[]) {
    (sum[key] as number) += part[key] as number;
  }
}

/** The speed of what was sent and received in so many microseconds. */
export function speedOf(
  counts: Counts,
  microseconds: number,
  isOneWay: boolean,
): Speed {
  const done = isOneWay ? counts.messages_sent : counts.messages_received;
  const perSecond = (number: number) =>
    microseconds > 0 ? Math.round(number / microseconds * 1e9) / 1e3 : 0;
  return {
    messages_per_second: perSecond(done),
    sent_bytes_per_second: perSecond(counts.bytes_sent),
    received_bytes_per_second: perSecond(counts.bytes_received),
  };
}
