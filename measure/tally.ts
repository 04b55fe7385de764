/**
 * Counting what a run sends and gets back.
 *
 * @module
 */
import type {
  Counts,
  DatagramCounts,
  FlowShares,
  IntervalEvent,
  Speed,
} from "../events/mod.ts";
import { between } from "../net/clock.ts";
import { Histogram } from "./histogram.ts";
import { RoundTrips } from "./round_trips.ts";
import type { Schedule } from "./schedule.ts";

/** A message sent later than this after its time, in microseconds, is a late one. */
const LATE = 1000;

/** What kind of run is counted. */
export interface TallyOptions {
  /** Messages can get lost by themselves. */
  isDatagrams: boolean;
  /** Nothing comes back: a message is done when it is sent. */
  isOneWay: boolean;
  /** Connections or sockets. */
  flows: number;
}

/** The histograms of a tally, made beforehand, since that takes its time. */
export interface TallyHistograms {
  recent: Histogram;
  before: Histogram;
  fromSending: Histogram;
}

/** Makes the histograms of a tally. */
export async function tallyHistograms(): Promise<TallyHistograms> {
  return {
    recent: await Histogram.create(),
    before: await Histogram.create(),
    fromSending: await Histogram.create(),
  };
}

/** What is counted by the clock: it belongs to the moment at which it happens. */
class Movement {
  messagesSent = 0;
  messagesReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  lateSends = 0;
}

/** An interval of the run, until all that was sent in it is settled. */
interface Interval {
  /** When it began. */
  readonly start: number;
  /** Of the messages sent in it: those neither answered nor given up. */
  open: number;
  /** Of the messages sent in it: those given up. */
  lost: number;
  /** What it came to, once it is over, but for its losses. */
  event?: Omit<IntervalEvent, "event" | "lost">;
}

/** The counts of a run, or of its warm-up, over all its flows. */
export class Tally {
  /** The messages that it counts. */
  readonly schedule: Schedule;
  readonly #options: TallyOptions;
  readonly #total = new Movement();
  /** What the intervals before this one had come to. */
  #before = new Movement();
  /** Messages sent late that nothing but the client itself held up. */
  #lateByClient = 0;
  #lost = 0;
  #corrupted = 0;
  #late = 0;
  #duplicates = 0;
  #reordered = 0;
  #reorderingDistance = 0;
  #strays = 0;
  #errors = 0;
  #lastError: string | undefined;
  #isUnfinished = false;
  /** Messages answered on each flow. */
  readonly #answeredBy: Float64Array;
  #lastSent: number;
  #lastMoved: number;
  /** The intervals that are not settled, and the one that runs. */
  readonly #intervals: Interval[];
  /** Round trips of the interval that runs, and of those before it. */
  readonly #recent: RoundTrips;
  readonly #earlier: RoundTrips;
  readonly #fromSending: RoundTrips | undefined;

  constructor(
    options: TallyOptions,
    schedule: Schedule,
    { recent, before, fromSending }: TallyHistograms,
  ) {
    this.#options = options;
    this.schedule = schedule;
    this.#recent = new RoundTrips(recent);
    this.#earlier = new RoundTrips(before);
    if (schedule.isOpenLoop) this.#fromSending = new RoundTrips(fromSending);
    this.#answeredBy = new Float64Array(options.flows);
    this.#lastSent = this.#lastMoved = schedule.start;
    this.#intervals = [{ start: schedule.start, open: 0, lost: 0 }];
  }

  /** Connections or sockets. */
  get flows(): number {
    return this.#options.flows;
  }

  /** Messages sent. */
  get messagesSent(): number {
    return this.#total.messagesSent;
  }

  /** Messages whose answer came back whole. */
  get messagesReceived(): number {
    return this.#total.messagesReceived;
  }

  /** Messages given up. */
  get lost(): number {
    return this.#lost;
  }

  /** Messages that the client itself, and not the path, sent late. */
  get lateByClient(): number {
    return this.#lateByClient;
  }

  /** Failures of sockets. */
  get errors(): number {
    return this.#errors;
  }

  /** The last of them, in words. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Messages sent and neither answered nor given up. */
  get inFlight(): number {
    return this.#options.isOneWay ? 0 : this.messagesSent -
      this.messagesReceived - this.#lost - this.#corrupted;
  }

  /**
   * Counts a message that is handed to its socket.
   *
   * @param due When it was due.
   * @param at When it was handed over.
   * @param wasHeld Whether those before it held it up.
   */
  sent(due: number, at: number, wasHeld: boolean): void {
    this.#total.messagesSent++;
    this.#lastSent = this.#lastMoved = at;
    this.#intervals[this.#intervals.length - 1].open++;
    if (at - due > LATE) {
      this.#total.lateSends++;
      if (!wasHeld) this.#lateByClient++;
    }
  }

  /** Takes back a message that its socket did not take after all. */
  unsent(at: number): void {
    this.#total.messagesSent--;
    this.#intervalOf(at).open--;
  }

  /** Counts bytes that a socket took. */
  sentBytes(bytes: number): void {
    this.#total.bytesSent += bytes;
  }

  /** Counts bytes that came. */
  receivedBytes(bytes: number): void {
    this.#total.bytesReceived += bytes;
  }

  /** Takes note that bytes moved which are a part of the run. */
  moved(at: number): void {
    this.#lastMoved = at;
  }

  /**
   * Counts a message that came back whole.
   *
   * @param flow The number of its flow.
   * @param due When it was due.
   * @param sentAt When it was sent.
   * @param at When it was back.
   * @returns Its round-trip delay, in microseconds.
   */
  answered(flow: number, due: number, sentAt: number, at: number): number {
    this.#total.messagesReceived++;
    this.#answeredBy[flow]++;
    this.#intervalOf(sentAt).open--;
    this.#lastMoved = at;
    const fromSending = between(sentAt, at);
    if (this.#fromSending === undefined) {
      this.#recent.record(fromSending);
      return fromSending;
    }
    this.#fromSending.record(fromSending);
    const delay = between(due, at);
    this.#recent.record(delay);
    return delay;
  }

  /** Counts a message whose answer came back damaged. */
  corrupted(sentAt: number, at: number): void {
    this.#corrupted++;
    this.#lastMoved = Math.max(this.#lastMoved, at);
    this.#intervalOf(sentAt).open--;
  }

  /** Counts a message that is given up; the loss belongs to the moment of its sending. */
  gaveUp(sentAt: number): void {
    this.#lost++;
    const interval = this.#intervalOf(sentAt);
    interval.open--;
    interval.lost++;
  }

  /** Counts an answer to a message given up by then. */
  cameLate(): void {
    this.#late++;
  }

  /** Counts an answer to a message that had one. */
  cameAgain(): void {
    this.#duplicates++;
  }

  /** Counts an answer that came after one to a later message of its flow. */
  cameOutOfOrder(distance: number): void {
    this.#reordered++;
    this.#reorderingDistance = Math.max(this.#reorderingDistance, distance);
  }

  /** Counts a datagram that answers nothing. */
  strayed(): void {
    this.#strays++;
  }

  /** Counts a failure of a socket. */
  failed(reason: string): void {
    this.#errors++;
    this.#lastError = reason;
  }

  /** Takes note that it stays unknown whether the peer took everything. */
  leftUnfinished(): void {
    this.#isUnfinished = true;
  }

  /** The interval in which a message was sent: nearly always one of the last two. */
  #intervalOf(sentAt: number): Interval {
    let i = this.#intervals.length - 1;
    while (i > 0 && this.#intervals[i].start > sentAt) i--;
    return this.#intervals[i];
  }

  /** Ends the interval that runs at a moment, and begins another. */
  endInterval(at: number): void {
    const interval = this.#intervals[this.#intervals.length - 1];
    const length = between(interval.start, at);
    const counts = this.#countsSince(this.#before);
    const delays = this.#recent.percentiles();
    interval.event = {
      elapsed_us: between(this.schedule.start, at),
      interval_us: length,
      ...counts,
      ...this.#speed(counts, length),
      late_sends: this.#lateSendsSince(this.#before),
      rtt_us: delays,
    };
    this.#before = Object.assign(new Movement(), this.#total);
    this.#earlier.add(this.#recent);
    this.#recent.reset();
    this.#intervals.push({ start: at, open: 0, lost: 0 });
  }

  /**
   * Hands out the intervals of which all is known: they are over, and every
   * message sent in them is answered or given up.
   *
   * @param all Also those in which messages were in flight when the run ended.
   */
  *settledIntervals(all = false): Generator<Omit<IntervalEvent, "event">> {
    for (;;) {
      const [{ event, open, lost }] = this.#intervals;
      const isOpen = this.#knowsLoss && open > 0 && !all;
      if (event === undefined || isOpen) return;
      this.#intervals.shift();
      yield { ...event, lost: this.#knowsLoss ? lost : undefined };
    }
  }

  /** Whether anything was sent or received since the last interval ended. */
  get hasMoved(): boolean {
    const { messagesSent, bytesSent, bytesReceived } = this.#total;
    return messagesSent > this.#before.messagesSent ||
      bytesSent > this.#before.bytesSent ||
      bytesReceived > this.#before.bytesReceived;
  }

  get #knowsLoss(): boolean {
    return this.#options.isDatagrams && !this.#options.isOneWay;
  }

  /** What was counted over all. */
  counts(): Counts {
    return this.#countsSince(new Movement());
  }

  /** With a rate: messages sent late. */
  get lateSends(): number | undefined {
    return this.#lateSendsSince(new Movement());
  }

  /** How fast it was over all; `undefined` where it is unknown what the peer took. */
  speed(): Speed | undefined {
    if (this.#isUnfinished) return undefined;
    const span = this.schedule.span(
      this.messagesSent,
      this.#lastSent,
      this.#lastMoved,
    );
    return this.#speed(this.counts(), span);
  }

  /** From its start to the last thing that moved, in microseconds. */
  get duration(): number {
    return between(this.schedule.start, this.#lastMoved);
  }

  /** All its round trips. */
  delays(): RoundTrips {
    this.#earlier.add(this.#recent);
    this.#recent.reset();
    return this.#earlier;
  }

  /** With a rate, the same from the real sending. */
  get fromSending(): RoundTrips | undefined {
    return this.#fromSending;
  }

  /** What became of a run's datagrams. */
  datagrams(): DatagramCounts {
    const strays = this.#strays;
    if (!this.#knowsLoss) return { strays };
    return {
      lost: this.#lost,
      corrupted: this.#corrupted,
      late: this.#late,
      duplicates: this.#duplicates,
      reordered: this.#reordered,
      reordering_distance: this.#reorderingDistance,
      strays,
    };
  }

  /** How evenly the flows were answered; `undefined` for a flow alone. */
  shares(): FlowShares | undefined {
    const { flows, isOneWay } = this.#options;
    if (flows < 2 || isOneWay) return undefined;
    const sorted = this.#answeredBy.toSorted();
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

  /** The delay in the middle of those so far; `undefined` where there are none. */
  medianDelay(): number | undefined {
    return (this.#recent.percentiles() ?? this.#earlier.percentiles())?.p50;
  }

  #countsSince(earlier: Movement): Counts {
    const total = this.#total;
    return {
      messages_sent: total.messagesSent - earlier.messagesSent,
      messages_received: total.messagesReceived - earlier.messagesReceived,
      bytes_sent: total.bytesSent - earlier.bytesSent,
      bytes_received: total.bytesReceived - earlier.bytesReceived,
    };
  }

  #lateSendsSince(earlier: Movement): number | undefined {
    if (!this.schedule.isOpenLoop) return undefined;
    return this.#total.lateSends - earlier.lateSends;
  }

  #speed(counts: Counts, microseconds: number): Speed {
    const done = this.#options.isOneWay
      ? counts.messages_sent
      : counts.messages_received;
    const perSecond = (number: number) =>
      microseconds > 0 ? Math.round(number / microseconds * 1e9) / 1e3 : 0;
    return {
      messages_per_second: perSecond(done),
      sent_bytes_per_second: perSecond(counts.bytes_sent),
      received_bytes_per_second: perSecond(counts.bytes_received),
    };
  }
}
