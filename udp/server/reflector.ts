/**
 * The Session-Reflector of STAMP (RFC 8762, section 4.3): answers each test packet
 * with when it came and when the answer left, so that its sender can tell the two
 * directions of a path apart.
 *
 * A reflection is formally a test packet, too: two reflectors that were set on each
 * other by one forged packet would answer each other for ever. But a reflection
 * has, beside its own timestamp, that of what it answers, where a test packet has
 * zeros (or a TWAMP Light sender's padding): two times that lie within a minute
 * of each other. Such a packet is not answered, whoever sent it.
 *
 * What arrives while the program stands still is received late. To take the time
 * of that for the time of its arrival would put the standstill into the path. So
 * such a packet's arrival is estimated: as if its way had taken as long as that of
 * the last packet before. Its error estimate states the length of the standstill.
 *
 * @module
 */
import { RECEIVE_BUFFER_SIZE } from "../datagram.ts";
import { DEFAULT_MAX_SESSIONS } from "../defaults.ts";
import { Authentication } from "../stamp/authentication.ts";
import {
  encodeErrorEstimate,
  estimateOf,
  saysPtp,
} from "../stamp/error_estimate.ts";
import {
  type Layout,
  LAYOUTS,
  type Mode,
  UNKNOWN_TTL,
} from "../stamp/packet.ts";
import {
  type Timestamp,
  TIMESTAMP_SIZE,
  type TimestampFormat,
  writeTimestamp,
} from "../stamp/timestamp.ts";
import { reflectTlvs } from "../stamp/tlv.ts";
import { WallClock } from "../stamp/wall_clock.ts";
import { type Session, Sessions } from "./sessions.ts";
import { Standstill } from "./standstill.ts";
import type { DropReason, Reflections } from "../../events/mod.ts";

/** Options of `serveUdp` with the service `stamp`. */
export interface ReflectorOptions {
  /**
   * Number answers as what they answer, and keep nothing of their senders. By
   * default each session's answers are counted, which shows a sender on which
   * way a packet was lost.
   * @default {false}
   */
  stateless?: boolean;
  /** Say that this machine's clock is synchronized to UTC (the S bit). @default {false} */
  clockSynchronized?: boolean;
  /** The key of authenticated mode; unauthenticated without one. */
  key?: Uint8Array;
  /**
   * Sessions, each an address, port and session identifier, that are kept; beyond
   * them, the one that has been idle for longest is forgotten.
   * @default {65536}
   */
  maxSessions?: number;
}

/** The most seconds between a reflection's two timestamps, of which none may be 0. */
const LONGEST_REFLECTION = 60;

/** Where packets dropped are counted. */
const DROPPED = {
  "too-short": "too_short",
  "wrong-hmac": "wrong_hmac",
  "reflection": "reflected_already",
} as const satisfies Record<DropReason, keyof Reflections>;

/** Answers test packets. */
export class Reflector {
  readonly #buffer: Uint8Array;
  readonly #received: DataView;
  /** Its part up to the length of the base packet is never anything else. */
  readonly #answer: Uint8Array = new Uint8Array(RECEIVE_BUFFER_SIZE);
  readonly #fields: DataView = new DataView(this.#answer.buffer);
  readonly #base: Uint8Array;
  readonly #layout: Layout;
  readonly #stateless: boolean;
  readonly #synchronized: boolean;
  readonly #authentication: Authentication | undefined;
  readonly #clock: WallClock;
  readonly #sessions: Sessions;
  readonly #time: Timestamp = { seconds: 0, nanoseconds: 0 };
  readonly #standstill: Standstill = new Standstill();
  /** The last error stated, and the error estimates that state it, by Z. */
  #error = -1;
  readonly #estimates: Record<TimestampFormat, number> = { NTP: 0, PTPv2: 0 };
  readonly #counts = {
    short: 0,
    estimated: 0,
    too_short: 0,
    wrong_hmac: 0,
    reflected_already: 0,
    clock_steps: 0,
  };

  /**
   * @param buffer Holds each packet from its start.
   * @param onClockStep Called when the system's time was set, with the microseconds.
   * @throws {EchosounderError} `invalid-option` for an empty key.
   */
  constructor(
    buffer: Uint8Array<ArrayBuffer>,
    options: ReflectorOptions,
    onClockStep: (microseconds: number) => void,
  ) {
    const { stateless = false, clockSynchronized = false, key } = options;
    const mode: Mode = key === undefined ? "unauthenticated" : "authenticated";
    this.#buffer = buffer;
    this.#received = new DataView(buffer.buffer, buffer.byteOffset);
    this.#layout = LAYOUTS[mode];
    this.#base = this.#answer.subarray(0, this.#layout.size);
    this.#stateless = stateless;
    this.#synchronized = clockSynchronized;
    this.#authentication = key && new Authentication(key);
    this.#sessions = new Sessions(options.maxSessions ?? DEFAULT_MAX_SESSIONS);
    this.#clock = new WallClock((microseconds) => {
      this.#counts.clock_steps++;
      this.#standstill.forget();
      onClockStep(microseconds);
    });
  }

  /** What became of the packets so far. */
  get counts(): Reflections {
    return {
      sessions: this.#sessions.begun,
      sessions_forgotten: this.#sessions.forgotten,
      standstills: this.#standstill.count,
      ...this.#counts,
    };
  }

  /** A sign of life, to be given every {@linkcode BEAT} milliseconds. */
  beat(): void {
    this.#standstill.alive(microsecondsOf(this.#clock.read(this.#time)));
  }

  /**
   * The answer to the packet in the buffer: valid until the next.
   *
   * Hot: this runs once for each packet, and allocates nothing where it is a base
   * packet of the session of the one before.
   *
   * @param length The packet's length, in bytes.
   * @returns Why there is none, where there is none.
   */
  reflect(
    hostname: string,
    port: number,
    length: number,
  ): Uint8Array | DropReason {
    const now = microsecondsOf(this.#clock.read(this.#time));
    this.#standstill.alive(now);
    const layout = this.#layout;
    const reason = this.#reasonToDrop(length);
    if (reason !== undefined) {
      this.#counts[DROPPED[reason]]++;
      return reason;
    }
    const isShort = length < layout.size;
    if (isShort) this.#counts.short++;
    const from = this.#received;
    const to = this.#fields;
    const estimate = from.getUint16(layout.errorEstimate);
    const format = saysPtp(estimate) ? "PTPv2" : "NTP";
    const ssid = isShort ? 0 : from.getUint16(layout.ssid);
    const sequence = from.getUint32(0);
    let number = sequence;
    let error = this.#clock.uncertainty;
    const isLate = this.#standstill.isRecent(now);
    let isUncertain = isLate;
    if (!this.#stateless) {
      const identifier = this.#isPadded(length) ? 0 : ssid;
      const session = this.#sessions.find(hostname, port, identifier);
      const isFirst = session.receivedAt === 0;
      session.receivedAt = isLate && !isFirst
        ? this.#arrival(session, now, format)
        : now;
      if (session.receivedAt !== now) {
        this.#counts.estimated++;
        setMicroseconds(this.#time, session.receivedAt);
      }
      isUncertain = isLate && (isFirst || session.receivedAt !== now);
      number = this.#number(session);
    }
    if (isUncertain) error = this.#standstill.to - this.#standstill.from;
    to.setUint32(0, number);
    to.setUint16(layout.errorEstimate, this.#estimate(error, format));
    to.setUint16(layout.ssid, ssid);
    writeTimestamp(to, layout.receiveTimestamp, this.#time, format);
    to.setUint32(layout.senderSequence, sequence);
    to.setUint32(layout.senderTimestamp, from.getUint32(layout.timestamp));
    to.setUint32(
      layout.senderTimestamp + 4,
      from.getUint32(layout.timestamp + 4),
    );
    to.setUint16(layout.senderErrorEstimate, estimate);
    to.setUint8(layout.senderTtl, UNKNOWN_TTL);
    let answer = this.#base;
    if (length > layout.size) {
      answer = this.#answer.subarray(0, length);
      answer.set(this.#buffer.subarray(layout.size, length), layout.size);
      const senderNumber = this.#buffer.subarray(0, 4);
      reflectTlvs(answer, layout.size, senderNumber, this.#authentication);
    }
    writeTimestamp(
      to,
      layout.timestamp,
      this.#clock.readOn(this.#time),
      format,
    );
    this.#authentication?.sign(answer);
    return answer;
  }

  #reasonToDrop(length: number): DropReason | undefined {
    const { leastSent } = this.#layout;
    if (length < leastSent) return "too-short";
    const key = this.#authentication;
    if (key?.verify(this.#buffer.subarray(0, length)) === false) {
      return "wrong-hmac";
    }
    if (this.#isReflection(length)) return "reflection";
  }

  /** Whether the packet is a reflector's: see above. */
  #isReflection(length: number): boolean {
    const { leastReflected, timestamp, receiveTimestamp } = this.#layout;
    if (length < leastReflected) return false;
    const received = this.#received.getUint32(receiveTimestamp);
    if (received === 0) return false;
    // Both are in the same format.
    const seconds = this.#received.getUint32(timestamp) - received;
    return seconds >= -1 && seconds <= LONGEST_REFLECTION;
  }

  /**
   * Whether something else than zeros stands where a test packet of STAMP has
   * zeros: then it is a TWAMP Light sender's padding, and so is what stands in
   * the place of the session identifier, which may differ from packet to packet.
   */
  #isPadded(length: number): boolean {
    const { ssid, receiveTimestamp, size } = this.#layout;
    if (length < size) return false;
    const end = receiveTimestamp + TIMESTAMP_SIZE;
    for (let i = ssid + 2; i < end; i += 4) {
      if (this.#received.getUint32(i) !== 0) return true;
    }
    return false;
  }

  /** The number of the answer to the packet in the buffer, in its session. */
  #number(session: Session): number {
    if (this.#isRestart(session)) {
      if (session.next > 0) this.#sessions.begun++;
      session.next = 0;
    }
    const { timestamp } = this.#layout;
    session.seconds = this.#received.getUint32(timestamp);
    session.fraction = this.#received.getUint32(timestamp + 4);
    const number = session.next;
    session.next = number + 1 >>> 0;
    return number;
  }

  /**
   * Whether a sender has begun anew from the same port: the packet has the number
   * 0, and was sent after the one before. One that is late, or came twice, was not.
   */
  #isRestart({ seconds, fraction }: Session): boolean {
    if (this.#received.getUint32(0) !== 0) return false;
    const { timestamp } = this.#layout;
    const later = this.#received.getUint32(timestamp) - seconds | 0;
    return later > 0 ||
      later === 0 && this.#received.getUint32(timestamp + 4) > fraction;
  }

  /**
   * When the packet in the buffer arrived, which is received soon after a
   * standstill: as long after the one before as it was sent after it, but not
   * before the standstill.
   *
   * @returns `now` where it has arrived since.
   */
  #arrival(session: Session, now: number, format: TimestampFormat): number {
    const { timestamp } = this.#layout;
    const seconds = this.#received.getUint32(timestamp) - session.seconds | 0;
    const fraction = this.#received.getUint32(timestamp + 4) - session.fraction;
    const arrival = session.receivedAt + seconds * 1_000_000 +
      fraction * MICROSECONDS[format];
    const { from, to } = this.#standstill;
    return arrival < to ? Math.max(arrival, from) : now;
  }

  /** An error of the clock, in microseconds, as 16 bits. */
  #estimate(error: number, format: TimestampFormat): number {
    if (error !== this.#error) {
      this.#error = error;
      for (const format of ["NTP", "PTPv2"] as const) {
        this.#estimates[format] = encodeErrorEstimate(
          estimateOf(error, { synchronized: this.#synchronized, format }),
        );
      }
    }
    return this.#estimates[format];
  }
}

/** Microseconds in a unit of a timestamp's second half. */
const MICROSECONDS: Record<TimestampFormat, number> = {
  NTP: 1_000_000 / 2 ** 32,
  PTPv2: 1 / 1000,
};

/** A time in microseconds since the Unix epoch: to a quarter of one. */
function microsecondsOf({ seconds, nanoseconds }: Timestamp): number {
  return seconds * 1_000_000 + nanoseconds / 1000;
}

function setMicroseconds(time: Timestamp, microseconds: number): void {
  time.seconds = Math.floor(microseconds / 1_000_000);
  time.nanoseconds = (microseconds - time.seconds * 1_000_000) * 1000;
}
