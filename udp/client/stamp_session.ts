/**
 * One session of STAMP's Session-Sender (RFC 8762, RFC 8972), without any socket:
 * its packets, and what the reflections say about each way.
 *
 * @module
 */
import type { Authentication } from "../stamp/authentication.ts";
import {
  encodeErrorEstimate,
  errorOf,
  estimateOf,
} from "../stamp/error_estimate.ts";
import {
  decodeReflectorPacket,
  encodeSenderPacket,
  type Layout,
  LAYOUTS,
  type Mode,
  type ReflectorPacket,
} from "../stamp/packet.ts";
import { type Timestamp, writeTimestamp } from "../stamp/timestamp.ts";
import { extraPadding, TLV_HEADER_SIZE } from "../stamp/tlv.ts";
import type {
  DirectionTally,
  FlowDirections,
} from "../../measure/directions/directions.ts";
import {
  Numbering,
  type Reflection,
  type Way,
} from "../../measure/directions/numbering.ts";
import { Jitter } from "../../measure/jitter.ts";
import type { SessionClock } from "./session_clock.ts";

/** What a session is made of. */
export interface StampSessionOptions {
  /** The size of its packets, in bytes; see {@linkcode isStampSize}. */
  size: number;
  /** Its identifier, of 16 bits; not 0. */
  ssid: number;
  /** The clock of all sessions. */
  clock: SessionClock;
  /** Whether the system's time is said to be synchronized to UTC. */
  clockSynchronized: boolean;
  /** The key of authenticated mode. */
  authentication?: Authentication;
}

/** The smallest packet of a mode. */
export function smallestStampSize(isAuthenticated: boolean): number {
  return LAYOUTS[isAuthenticated ? "authenticated" : "unauthenticated"].size;
}

/** Whether packets can have a size: what is beyond the smallest is a TLV, which has a header. */
export function isStampSize(size: number, isAuthenticated: boolean): boolean {
  const padding = size - smallestStampSize(isAuthenticated);
  return padding === 0 || padding >= TLV_HEADER_SIZE;
}

/** What was sent: its sequence number, the timestamp in it, and how often the clock had been set. */
const FIELDS = 4;

/** The messages at first that are remembered. */
const FIRST_MEMORY = 256;

/** A billion nanoseconds are a second. */
const BILLION = 1_000_000_000;

/** A session, and what it has found out. */
export class StampSession implements FlowDirections {
  readonly numbering: Numbering = new Numbering();
  readonly jitter: Readonly<Record<Way, Jitter>> = {
    out: new Jitter(),
    back: new Jitter(),
  };
  readonly #options: StampSessionOptions;
  readonly #mode: Mode;
  readonly #layout: Layout;
  readonly #packet: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #sent = new Uint32Array(FIRST_MEMORY * FIELDS);
  #directions: DirectionTally | undefined;
  /** The last reflection that was read. */
  #reflection: ReflectorPacket | undefined;
  #hasTimes = false;
  #received = 0;
  #reflected = 0;
  /** The number of the first question at the end, and the timestamps of all. */
  #firstQuestion = 0;
  readonly #questions: [number, number][] = [];
  /** How many the reflector has numbered, by its answer to the first question. */
  #end: number | undefined;

  constructor(options: StampSessionOptions) {
    const { size, ssid, clock, authentication } = options;
    this.#options = options;
    this.#mode = authentication ? "authenticated" : "unauthenticated";
    this.#layout = LAYOUTS[this.#mode];
    this.#packet = new Uint8Array(size);
    this.#view = new DataView(this.#packet.buffer);
    const padding = size - this.#layout.size;
    encodeSenderPacket(
      {
        sequence: 0,
        timestamp: clock.read(),
        errorEstimate: this.#errorEstimate,
        ssid,
        extensions: padding > 0 ? extraPadding(padding) : undefined,
      },
      this.#packet,
      this.#mode,
    );
  }

  get #errorEstimate() {
    const { clock, clockSynchronized } = this.#options;
    return estimateOf(clock.uncertainty, {
      synchronized: clockSynchronized,
      format: "NTP",
    });
  }

  /**
   * Begins a phase.
   *
   * @param first Its first message.
   * @param directions Takes what is found out; absent where nobody wants to know.
   */
  begin(first: number, directions: DirectionTally | undefined): void {
    this.numbering.begin(first, directions);
    this.#directions = directions;
    directions?.join(this);
  }

  /**
   * Makes the packet of a message.
   *
   * @param sequence The message, from 1.
   * @param oldest The oldest one that may still be answered in time.
   * @param at The current time.
   * @returns The packet, valid until the next one is made.
   */
  make(sequence: number, oldest: number, at: number): Uint8Array<ArrayBuffer> {
    this.numbering.sent(sequence, at);
    this.#firstQuestion = sequence + 1;
    this.#stamp(sequence - 1);
    this.#remember(sequence, oldest);
    return this.#packet;
  }

  /**
   * Makes one more packet after the last message, whose number skips one, as if
   * another had been lost on the way. Its answer has the number that a stateful
   * reflector has come to, which is lower, whereas a stateless one repeats the
   * sender's.
   */
  makeQuestion(): Uint8Array<ArrayBuffer> {
    this.#stamp(this.#firstQuestion + this.#questions.length);
    const { timestamp } = this.#layout;
    this.#questions.push([
      this.#view.getUint32(timestamp),
      this.#view.getUint32(timestamp + 4),
    ]);
    return this.#packet;
  }

  #stamp(number: number): void {
    const { clock, authentication } = this.#options;
    const { timestamp, errorEstimate } = this.#layout;
    this.#view.setUint32(0, number);
    writeTimestamp(this.#view, timestamp, clock.read(), "NTP");
    this.#view.setUint16(
      errorEstimate,
      encodeErrorEstimate(this.#errorEstimate),
    );
    authentication?.sign(this.#packet);
  }

  #remember(sequence: number, oldest: number): void {
    const capacity = this.#sent.length / FIELDS;
    if (sequence - oldest >= capacity) {
      const old = this.#sent;
      this.#sent = new Uint32Array(2 * old.length);
      for (let i = 0; i < old.length; i += FIELDS) {
        this.#sent.set(old.subarray(i, i + FIELDS), this.#placeOf(old[i]));
      }
    }
    const { timestamp } = this.#layout;
    const place = this.#placeOf(sequence);
    this.#sent[place] = sequence;
    this.#sent[place + 1] = this.#view.getUint32(timestamp);
    this.#sent[place + 2] = this.#view.getUint32(timestamp + 4);
    this.#sent[place + 3] = this.#options.clock.steps;
  }

  #placeOf(sequence: number): number {
    return sequence % (this.#sent.length / FIELDS) * FIELDS;
  }

  /**
   * Reads a reflection, for the calls that follow.
   *
   * @returns The number that the sender's packet had, of 32 bits; `undefined` where
   * it is too short, or its HMAC is wrong.
   */
  read(datagram: Uint8Array): number | undefined {
    const { authentication, clock } = this.#options;
    if (authentication?.verify(datagram) === false) return undefined;
    this.#reflection = decodeReflectorPacket(datagram, this.#mode);
    if (this.#reflection === undefined) return undefined;
    const { receiveTimestamp, timestamp } = this.#reflection;
    this.#hasTimes = isTime(timestamp) && isTime(receiveTimestamp) &&
      wordAt(datagram, this.#layout.timestamp) !== 0 &&
      wordAt(datagram, this.#layout.receiveTimestamp) !== 0;
    this.#received = clock.ofDay(receiveTimestamp);
    this.#reflected = clock.ofDay(timestamp);
    return this.#reflection.senderSequence;
  }

  /** Whether a reflection repeats the timestamp of a message; one that is long gone is believed. */
  isIntact(datagram: Uint8Array, sequence: number): boolean {
    const place = this.#placeOf(sequence);
    if (this.#sent[place] !== sequence >>> 0) return true;
    const { senderTimestamp } = this.#layout;
    return wordAt(datagram, senderTimestamp) === this.#sent[place + 1] &&
      wordAt(datagram, senderTimestamp + 4) === this.#sent[place + 2];
  }

  /** Takes the answer to a question at the end; returns whether it is one. */
  takeAnswer(datagram: Uint8Array): boolean {
    if (this.#questions.length === 0) return false;
    const number = this.read(datagram);
    if (number === undefined) return false;
    const index = number - this.#firstQuestion >>> 0;
    const question = this.#questions[index];
    const { senderTimestamp } = this.#layout;
    if (
      question === undefined ||
      wordAt(datagram, senderTimestamp) !== question[0] ||
      wordAt(datagram, senderTimestamp + 4) !== question[1]
    ) return false;
    const { sequence } = this.#reflection!;
    this.numbering.isStateful ??= sequence !== number;
    // Before another one, the first may have been numbered or not.
    if (index === 0) this.#end ??= sequence;
    return true;
  }

  /** Whether a question at the end would tell more than is known. */
  get hasOpenQuestion(): boolean {
    return this.#end === undefined && this.numbering.hasOpenQuestion;
  }

  /** Records that nothing more comes. */
  finish(): void {
    this.numbering.finish(this.#end);
  }

  get #asReflection(): Reflection {
    const { sequence, senderSequence } = this.#reflection!;
    return {
      number: sequence,
      senderNumber: senderSequence,
      received: this.#received,
      reflected: this.#reflected,
    };
  }

  /**
   * Records the reflection that was read as the first answer to a message.
   *
   * @returns How long the reflector had it, in microseconds; 0 where that cannot be told.
   */
  answered(
    sequence: number,
    sentAt: number,
    at: number,
    isLate: boolean,
  ): number {
    this.numbering.answered(sequence, this.#asReflection, isLate);
    if (isLate) return 0;
    const inReflector = this.#reflected - this.#received;
    const isPlausible = this.#hasTimes && inReflector >= 0 &&
      inReflector <= at - sentAt;
    if (!isPlausible) {
      this.#directions?.untimed();
      this.jitter.out.interrupt();
      this.jitter.back.interrupt();
      return 0;
    }
    if (this.#directions) {
      this.#recordTimes(sequence, sentAt, at, this.#directions);
    }
    return inReflector;
  }

  /** Records a message's four times. */
  #recordTimes(
    sequence: number,
    sentAt: number,
    at: number,
    directions: DirectionTally,
  ): void {
    const { clock, clockSynchronized } = this.#options;
    const { errorEstimate } = this.#reflection!;
    // The monotonic clock is not set. The system's time is, but only that can be
    // compared with another machine's.
    const steps = clock.steps;
    const moved = clockSynchronized ? clock.moved : 0;
    const sent = clock.ofMonotonic(sentAt) + moved;
    const returned = clock.ofMonotonic(at) + moved;
    const place = this.#placeOf(sequence);
    const isAcrossStep = clock.steps !== steps ||
      this.#sent[place] === sequence >>> 0 &&
        this.#sent[place + 3] !== clock.steps;
    if (clockSynchronized && isAcrossStep) {
      this.jitter.out.interrupt();
      this.jitter.back.interrupt();
      return;
    }
    this.jitter.out.record(this.#received - sent);
    this.jitter.back.record(returned - this.#reflected);
    directions.timed(
      {
        sent,
        received: this.#received,
        reflected: this.#reflected,
        returned,
      },
      {
        areSynchronized: clockSynchronized && errorEstimate.synchronized &&
          errorEstimate.multiplier > 0,
        error: clock.uncertainty + errorOf(errorEstimate),
      },
    );
  }

  /** Records the reflection that was read as a copy. */
  copied(sequence: number): void {
    this.numbering.copied(sequence, this.#asReflection);
  }
}

/** Whether a timestamp's fraction is one. */
function isTime({ nanoseconds }: Timestamp): boolean {
  return nanoseconds < BILLION;
}

/** Thirty-two bits in network byte order. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
    bytes[at + 3]) >>> 0;
}
