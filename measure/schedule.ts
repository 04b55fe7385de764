/**
 * When the messages of a run are due.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";
import { type Claims, OwnClaims, SharedClaims } from "./claims.ts";
import { now } from "../net/clock.ts";
import { EchosounderError } from "../net/errors.ts";

/** How many messages a run sends, and when. */
export interface ScheduleOptions {
  /** Messages in total, from 1; without a count and a duration, until the caller stops it. */
  count?: number;
  /** Milliseconds after which no further message starts. */
  duration?: number;
  /**
   * Milliseconds from one message to the next on the same connection, on a fixed
   * beat that neither answers nor lateness nor the other connections shift. With a
   * pipeline of 1, a message that is due while the one before is in flight follows
   * at once, and the next one on the beat again; beats that passed meanwhile are
   * skipped.
   */
  interval?: number;
  /**
   * Messages a second, more than 0, over all connections (open loop): each has a
   * scheduled time that no answer shifts, and its delay counts from that time, so
   * that there is no coordinated omission.
   */
  rate?: number;
  /**
   * Bytes of messages a second, more than 0, over all connections (open loop): as
   * with a rate, but a message is due once those before it have taken their time.
   */
  bandwidth?: number;
  /**
   * Messages that are due at once at each tick of an interval, of a rate or of a
   * bandwidth; rate and bandwidth stay the same, so that ticks are as much farther
   * apart. With an interval, on each connection. @default {1}
   */
  burst?: number;
}

/** Whether each message has a scheduled time that no answer shifts. */
export function isOpenLoop({ rate, bandwidth }: ScheduleOptions): boolean {
  return rate !== undefined || bandwidth !== undefined;
}

/** Whether a clock, and not the answers, says when the next message is due. */
export function isPaced(options: ScheduleOptions): boolean {
  return isOpenLoop(options) || Boolean(options.interval);
}

/**
 * Checks that the options do not exclude each other.
 *
 * @throws {EchosounderError} `invalid-option` where they do.
 */
export function checkSchedule(options: ScheduleOptions): void {
  const { interval, rate, bandwidth, burst = 1 } = options;
  const clocks = Object.entries({ interval, rate, bandwidth })
    .filter(([, value]) => value).map(([name]) => name);
  const reason = clocks.length > 1
    ? `${
      clocks.join(" and ")
    } exclude each other: each says when a message is due`
    : burst > 1 && clocks.length === 0
    ? "burst needs an interval, a rate or a bandwidth: each has ticks"
    : undefined;
  if (reason !== undefined) {
    throw new EchosounderError("invalid-option", reason);
  }
}

/** Hands out the messages of a run, one by one, each with the time at which it is due. */
export class Schedule {
  /** When the first message is due. */
  readonly start: number;
  /** No message starts from this time on. */
  readonly end: number;
  readonly #alarm: Alarm;
  readonly #options: ScheduleOptions;
  /** Messages handed out, and their bytes. */
  readonly #messages: Claims;
  readonly #bytes: Claims;
  /** The messages, or with a bandwidth the bytes, before the latest burst. */
  #beforeBurst = 0;
  #stopped = false;

  /**
   * @param options How many messages, and when.
   * @param start When the first is due.
   * @param shared The claims of all threads that send these messages together; then
   * without bursts.
   */
  constructor(
    options: ScheduleOptions,
    start: number = now(),
    shared?: SharedArrayBuffer,
  ) {
    this.#options = options;
    this.start = start;
    this.#messages = shared
      ? new SharedClaims(shared, "messages")
      : new OwnClaims();
    this.#bytes = shared ? new SharedClaims(shared, "bytes") : new OwnClaims();
    // Only delays that count from the scheduled time suffer from a late alarm.
    this.#alarm = new Alarm(this.isOpenLoop);
    this.end = this.start + (options.duration ?? Infinity) * 1000;
  }

  /** Whether each message has a scheduled time that no answer shifts. */
  get isOpenLoop(): boolean {
    return isOpenLoop(this.#options);
  }

  /** Whether a clock, and not the answers, says when the next message is due. */
  get isPaced(): boolean {
    return this.isOpenLoop || this.#options.interval !== undefined;
  }

  /**
   * Takes the next message for a connection.
   *
   * @param time The current time, in microseconds of the clock.
   * @param previous When that connection's previous message was due.
   * @param size The size of the message, in bytes.
   * @param claimedBefore How many that connection has taken in this phase.
   * @returns When it is due, in microseconds of the clock; `undefined` where
   * there is none left.
   */
  claim(
    time: number,
    previous: number | undefined,
    size = 0,
    claimedBefore = 0,
  ): number | undefined {
    const { count = Infinity, interval, burst = 1, bandwidth } = this.#options;
    if (this.#stopped) return undefined;
    const claimed = this.#messages.take(1);
    if (claimed >= count) return undefined;
    let due = time;
    if (this.isOpenLoop) {
      const before = bandwidth === undefined ? claimed : this.#bytes.take(size);
      if (claimed % burst === 0) this.#beforeBurst = before;
      due = this.start + this.#timeFor(this.#beforeBurst);
    } else if (interval && previous !== undefined) {
      due = claimedBefore % burst === 0
        ? nextBeat(previous, interval * 1000, time)
        : previous;
    }
    return due < this.end ? due : undefined;
  }

  /** How long so many messages, or with a bandwidth bytes, take, in microseconds. */
  #timeFor(number: number): number {
    const { rate, bandwidth } = this.#options;
    return number * 1e6 / (rate ?? bandwidth!);
  }

  /** Calls back when a message is due. */
  at(due: number, wake: () => void): void {
    this.#alarm.at(due, wake);
  }

  /** Hands out nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#alarm.cancel();
  }

  /**
   * The time over which rates are computed, in microseconds. In a closed loop it
   * ends with the last byte sent or received; where a clock paces the messages,
   * when the one after the last would have been due, so that the last round trip
   * does not lower the rate.
   *
   * @param messages Messages sent.
   * @param bytes Bytes sent.
   * @param lastSent When the last message was sent.
   * @param lastMoved When the last byte was sent or received.
   */
  span(
    messages: number,
    bytes: number,
    lastSent: number,
    lastMoved: number,
  ): number {
    const { rate, interval } = this.#options;
    if (!isPaced(this.#options)) return lastMoved - this.start;
    const paced = this.isOpenLoop
      ? this.#timeFor(rate === undefined ? bytes : messages)
      : lastSent + interval! * 1000 - this.start;
    const slots = Math.min(paced, this.end - this.start);
    return Math.max(slots, lastSent - this.start);
  }
}

/** The first beat after a message, or the last one that has passed by now. */
function nextBeat(previous: number, interval: number, time: number): number {
  const missed = Math.floor((time - previous) / interval);
  return previous + Math.max(missed, 1) * interval;
}
