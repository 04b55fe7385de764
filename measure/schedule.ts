/**
 * When the messages of a run are due.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";
import { now } from "../net/clock.ts";

/** How many messages a run sends, and when. */
export interface ScheduleOptions {
  /** How many messages in all, from 1; without a count and a duration, as many as there is time for. */
  count?: number;
  /** Milliseconds after which no further message starts. */
  duration?: number;
  /**
   * Milliseconds from one message to the next on the same connection, on a beat
   * that neither lateness nor the other connections shift. A message whose time
   * has come while the one before was in flight follows at once, the one after
   * it on the beat again; beats that passed meanwhile are left out.
   */
  interval?: number;
  /**
   * Messages a second, more than 0, over all connections, each with a time of its own that
   * no answer shifts: its delay counts from that time (open loop).
   */
  rate?: number;
}

/** Hands out the messages of a run, one by one, with the moments at which they are due. */
export class Schedule {
  /** The moment at which the first message was due. */
  readonly start: number = now();
  /** The moment from which on no message starts. */
  readonly end: number;
  readonly #alarm = new Alarm();
  readonly #options: ScheduleOptions;
  #claimed = 0;
  #stopped = false;

  /** @param options How many messages, and when. */
  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.end = this.start + (options.duration ?? Infinity) * 1000;
  }

  /** Whether each message has a time of its own, whatever comes back. */
  get isOpenLoop(): boolean {
    return this.#options.rate !== undefined;
  }

  /** Whether something else than the answers says when the next message is due. */
  get isPaced(): boolean {
    return this.isOpenLoop || this.#options.interval !== undefined;
  }

  /**
   * Takes the next message for a connection.
   *
   * @param time What time it is, in microseconds of the clock.
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
   * The time over which messages are counted to a rate, in microseconds: to the
   * last thing that moved, or, where each message had a time of its own, to the
   * time of the one that would have come next, so that the way back of the last
   * answer does not count against the rate.
   *
   * @param sent How many were sent.
   * @param lastSent When the last one was sent.
   * @param lastMoved When the last byte was taken, or came back.
   */
  span(sent: number, lastSent: number, lastMoved: number): number {
    const { rate } = this.#options;
    if (rate === undefined) return lastMoved - this.start;
    const slots = Math.min(sent * 1e6 / rate, this.end - this.start);
    return Math.max(slots, lastSent - this.start);
  }
}

/** The first beat after a message, or the last one that has passed by now. */
function nextBeat(previous: number, interval: number, time: number): number {
  const missed = Math.floor((time - previous) / interval);
  return previous + Math.max(missed, 1) * interval;
}
