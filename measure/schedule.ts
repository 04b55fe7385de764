/**
 * When the messages of a run are due.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";
import { now } from "../net/clock.ts";

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
}

/** Hands out the messages of a run, one by one, each with the time at which it is due. */
export class Schedule {
  /** When the first message is due. */
  readonly start: number = now();
  /** No message starts from this time on. */
  readonly end: number;
  readonly #alarm: Alarm;
  readonly #options: ScheduleOptions;
  #claimed = 0;
  #stopped = false;

  /** @param options How many messages, and when. */
  constructor(options: ScheduleOptions) {
    this.#options = options;
    // Only delays that count from the scheduled time suffer from a late alarm.
    this.#alarm = new Alarm(this.isOpenLoop);
    this.end = this.start + (options.duration ?? Infinity) * 1000;
  }

  /** Whether each message has a scheduled time that no answer shifts. */
  get isOpenLoop(): boolean {
    return this.#options.rate !== undefined;
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
   * @returns When it is due, in microseconds of the clock; `undefined` where
   * there is none left.
   */
  claim(time: number, previous: number | undefined): number | undefined {
    const { count = Infinity, interval, rate } = this.#options;
    if (this.#stopped || this.#claimed >= count) return undefined;
    let due = rate === undefined
      ? time
      : this.start + this.#claimed * 1e6 / rate;
    if (interval && previous !== undefined) {
      due = nextBeat(previous, interval * 1000, time);
    }
    if (due >= this.end) return undefined;
    this.#claimed++;
    return due;
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
   * @param sent Messages sent.
   * @param lastSent When the last one was sent.
   * @param lastMoved When the last byte was sent or received.
   */
  span(sent: number, lastSent: number, lastMoved: number): number {
    const { rate, interval } = this.#options;
    if (rate === undefined && !interval) return lastMoved - this.start;
    const paced = rate === undefined
      ? lastSent + interval! * 1000 - this.start
      : sent * 1e6 / rate;
    const slots = Math.min(paced, this.end - this.start);
    return Math.max(slots, lastSent - this.start);
  }
}

/** The first beat after a message, or the last one that has passed by now. */
function nextBeat(previous: number, interval: number, time: number): number {
  const missed = Math.floor((time - previous) / interval);
  return previous + Math.max(missed, 1) * interval;
}
