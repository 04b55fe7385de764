/**
 * Counting what a run sends and gets back.
 *
 * @module
 */
import type {
  Counts,
  DelaySummary,
  IntervalEvent,
  Speed,
  Warmup,
} from "../events/mod.ts";
import { between, now } from "../net/clock.ts";
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

/** Counts that start from nothing. */
const NOTHING: Counts = {
  messages_sent: 0,
  messages_received: 0,
  bytes_sent: 0,
  bytes_received: 0,
  late_sends: 0,
  lost: 0,
};

/** The counts of a run, or of its warm-up, over all its connections. */
export class Tally {
  messagesSent = 0;
  messagesReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** Messages without an answer in time. */
  lost = 0;
  /** Messages sent late. */
  lateSends = 0;
  /** Of these, the ones that nothing but the client itself held up. */
  lateByClient = 0;
  /** When the last message was handed to its socket. */
  lastSent: number;
  /** When the last byte was taken, or came back. */
  lastMoved: number;

  /** The messages that it counts. */
  readonly schedule: Schedule;
  readonly #options: TallyOptions;
  /** Round trips of the interval that runs, and of those before it. */
  readonly #recent: RoundTrips;
  readonly #before: RoundTrips;
  readonly #fromSending: RoundTrips | undefined;
  /** What the intervals before this one had come to, and when it began. */
  #told: Counts = NOTHING;
  #intervalStart: number;

  constructor(
    options: TallyOptions,
    schedule: Schedule,
    { recent, before, fromSending }: TallyHistograms,
  ) {
    this.#options = options;
    this.schedule = schedule;
    this.#recent = new RoundTrips(recent);
    this.#before = new RoundTrips(before);
    if (schedule.isOpenLoop) this.#fromSending = new RoundTrips(fromSending);
    this.lastSent = this.lastMoved = this.#intervalStart = schedule.start;
  }

  /**
   * Counts a message that is handed to its socket.
   *
   * @param due When it was due.
   * @param at When it was handed over.
   * @param wasHeld Whether those before it held it up.
   */
  sent(due: number, at: number, wasHeld: boolean): void {
    this.messagesSent++;
    this.lastSent = this.lastMoved = at;
    if (at - due > LATE) {
      this.lateSends++;
      if (!wasHeld) this.lateByClient++;
    }
  }

  /**
   * Counts a message that came back whole.
   *
   * @returns Its round-trip delay, in microseconds.
   */
  answered(due: number, sentAt: number, at: number): number {
    this.messagesReceived++;
    this.lastMoved = at;
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

  /** What came in since the last call. */
  interval(): Omit<IntervalEvent, "event"> {
    const at = now();
    const length = between(this.#intervalStart, at);
    const counts = this.#countsSince(this.#told);
    const delays = this.#recent.summary();
    this.#settle();
    this.#told = this.#countsSince(NOTHING);
    this.#intervalStart = at;
    return {
      elapsed_us: between(this.schedule.start, at),
      interval_us: length,
      ...counts,
      ...this.#speed(counts, length),
      rtt_us: delays && { ...delays, histogram: undefined },
    };
  }

  /** What came in over all. */
  total(): Warmup {
    const counts = this.#countsSince(NOTHING);
    const duration = between(
      0,
      this.schedule.duration(this.lastSent, this.lastMoved),
    );
    this.#settle();
    return {
      ...counts,
      ...this.#speed(counts, duration),
      duration_us: duration,
      rtt_us: this.#before.summary(),
    };
  }

  /** With a rate, the delays from the real sending. */
  fromSending(): DelaySummary | undefined {
    return this.#fromSending?.summary();
  }

  #settle(): void {
    this.#before.add(this.#recent);
    this.#recent.reset();
  }

  #countsSince(earlier: Counts): Counts {
    const { isDatagrams } = this.#options;
    const { isOpenLoop } = this.schedule;
    return {
      messages_sent: this.messagesSent - earlier.messages_sent,
      messages_received: this.messagesReceived - earlier.messages_received,
      bytes_sent: this.bytesSent - earlier.bytes_sent,
      bytes_received: this.bytesReceived - earlier.bytes_received,
      late_sends: isOpenLoop
        ? this.lateSends - (earlier.late_sends ?? 0)
        : undefined,
      lost: isDatagrams ? this.lost - (earlier.lost ?? 0) : undefined,
    };
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
