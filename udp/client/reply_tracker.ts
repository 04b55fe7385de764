/**
 * The fate of each datagram of a flow, without any socket.
 *
 * @module
 */
import type { UdpService } from "../../events/mod.ts";
import { InFlight } from "../../measure/in_flight.ts";
import { HEADER_SIZE, type Messages } from "../../measure/messages.ts";
import type { Tally } from "../../measure/tally.ts";
import { CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";
import { between } from "../../net/clock.ts";
import { Jitter } from "../../measure/jitter.ts";
import type { StampSession } from "./stamp_session.ts";

/** The states of a message. */
const WAITING = 1;
const ANSWERED = 2;
const GIVEN_UP = 3;
/** Its answer came after it had been given up. */
const ANSWERED_LATE = 4;
/** Its socket refused it. */
const REFUSED = 5;

/**
 * The latest messages whose state is kept, to tell a duplicate apart from a late
 * answer.
 */
const MEMORY = 65_536;

/** The latest messages that a datagram with a damaged header is compared with. */
const LOOKED_THROUGH = 1024;

/**
 * What a datagram from the peer is.
 *
 * - `answer`: the first one to its message, in time and intact.
 * - `late`: the first one to a message that had been given up.
 * - `duplicate`: to a message that was already answered.
 * - `corrupted`: damaged; its message has no intact answer.
 * - `oversized`: longer than a character generator may answer (RFC 864).
 * - `unrecognized`: too damaged to show its message.
 * - `earlier`: to a message of an earlier phase; not counted.
 */
export type Reply =
  | "answer"
  | "late"
  | "duplicate"
  | "corrupted"
  | "oversized"
  | "unrecognized"
  | "earlier";

/** A lost message. */
export interface GivenUp {
  /** Its sequence number. */
  sequence: number;
  /** When it was sent. */
  sentAt: number;
}

/**
 * Tracks the messages of one flow. Each is sent, and then answered, corrupted or
 * lost, so that at any time sent = answered + corrupted + lost + in flight.
 */
export class ReplyTracker {
  /** The sequence number of the next message, from 1. */
  next = 1;
  /** Messages in flight. */
  inFlight = 0;
  /** Messages given up and not answered since. */
  unanswered = 0;
  /** The longest delay of any answer, late ones included, in microseconds. */
  longestDelay = 0;
  /** The sequence number of the last answer, and its round-trip delay in microseconds. */
  sequence = 0;
  delay = 0;
  readonly #messages: Messages;
  readonly #service: UdpService;
  readonly #flow: number;
  readonly #session: StampSession | undefined;
  readonly #times = new InFlight();
  readonly #states = new Uint8Array(MEMORY);
  #tally: Tally | undefined;
  /** The first message of this phase. */
  #phaseStart = 1;
  /** The first message that may still be in flight. */
  #oldest = 1;
  /** The highest sequence number answered in time. */
  #highest = 0;
  #jitter = new Jitter();
  /** When unrecognized answers were received. */
  readonly #unrecognized: number[] = [];

  /**
   * @param messages The messages of the flow.
   * @param service The service of the peer.
   * @param flow The flow's number, from 0.
   * @param session With the service `stamp`, what makes the packets and reads the replies.
   */
  constructor(
    messages: Messages,
    service: UdpService,
    flow: number,
    session?: StampSession,
  ) {
    this.#messages = messages;
    this.#service = service;
    this.#flow = flow;
    this.#session = session;
  }

  /** Variation of the delay (RFC 3550, section 6.4.1), in microseconds. */
  get jitter(): number | undefined {
    return this.#jitter.value;
  }

  /** The oldest message that may be in flight. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Begins a phase: answers to earlier messages are not counted from now on. */
  begin(tally: Tally): void {
    this.#tally = tally;
    this.#phaseStart = this.#oldest = this.next;
    this.#highest = this.next - 1;
    this.#jitter = new Jitter();
    this.#unrecognized.length = 0;
    this.inFlight = this.unanswered = this.longestDelay = 0;
    this.#session?.begin(this.next, tally.directions);
  }

  /** Whether one more message can be tracked. */
  get hasRoom(): boolean {
    return this.next - this.#oldest < MEMORY / 2;
  }

  /**
   * Records the next message, which is about to be sent.
   *
   * @param due When it was due.
   * @param at The current time.
   * @returns Its sequence number.
   */
  send(due: number, at: number): number {
    const sequence = this.next++;
    this.#times.reserve(this.next - this.#oldest, sequence - 1);
    this.#times.set(sequence, due, at);
    if (this.#service === "discard") this.#oldest = this.next;
    else {
      this.#states[sequence % MEMORY] = WAITING;
      this.inFlight++;
    }
    return sequence;
  }

  /** Removes the last message: its socket refused it. */
  unsend(): void {
    const sequence = this.next - 1;
    this.#tally!.refused(
      this.#flow,
      this.#times.due(sequence),
      this.#times.sentAt(sequence),
    );
    if (this.#states[sequence % MEMORY] !== WAITING) return;
    this.#states[sequence % MEMORY] = REFUSED;
    this.inFlight--;
    this.#session?.numbering.unsent(sequence);
  }

  /** Classifies a datagram from the peer, and counts it. */
  receive(datagram: Uint8Array, at: number): Reply {
    const tally = this.#tally!;
    const sequence = this.#sequenceOf(datagram);
    if (sequence !== undefined && sequence < this.#phaseStart) return "earlier";
    tally.receivedBytes(datagram.length);
    if (sequence === undefined) return this.#takeUnrecognized(at);
    this.sequence = sequence;
    const place = sequence % MEMORY;
    const state = this.#states[place];
    if (state === ANSWERED || state === ANSWERED_LATE) {
      tally.duplicated();
      if (!this.#damage(datagram, sequence)) this.#session?.copied(sequence);
      return "duplicate";
    }
    const sentAt = this.#times.sentAt(sequence);
    const delay = between(sentAt, at);
    this.longestDelay = Math.max(this.longestDelay, delay);
    if (state === GIVEN_UP) {
      this.#states[place] = ANSWERED_LATE;
      this.unanswered--;
      tally.answeredLate();
      this.#session?.answered(sequence, sentAt, at, true);
      return "late";
    }
    this.#states[place] = ANSWERED;
    this.inFlight--;
    const damage = this.#damage(datagram, sequence);
    if (damage !== undefined) {
      this.#session?.numbering.damaged(sequence);
      tally.corrupted(sentAt, at);
      return damage;
    }
    const inPeer = this.#session?.answered(sequence, sentAt, at, false) ?? 0;
    this.delay = tally.answered(
      this.#flow,
      this.#times.due(sequence),
      sentAt,
      at,
      inPeer,
    );
    this.#observeOrder(sequence);
    this.#jitter.record(delay - inPeer);
    return "answer";
  }

  #takeUnrecognized(at: number): Reply {
    // Its message is found when one stays unanswered.
    if (this.inFlight > 0) this.#unrecognized.push(at);
    else this.#tally!.strayed();
    return "unrecognized";
  }

  /**
   * Gives up overdue messages; all have the same timeout, so the oldest come first.
   *
   * @param isOverdue Whether a message sent at this time is overdue.
   */
  *giveUp(isOverdue: (sentAt: number) => boolean): Generator<GivenUp> {
    let hasLost = false;
    for (;;) {
      this.#passDecided();
      const sequence = this.#oldest;
      if (sequence === this.next) break;
      const sentAt = this.#times.sentAt(sequence);
      if (!isOverdue(sentAt)) break;
      this.inFlight--;
      if (this.#wasUnrecognized(sentAt)) {
        this.#states[sequence % MEMORY] = ANSWERED;
        this.#session?.numbering.damaged(sequence);
        this.#tally!.corrupted(sentAt, sentAt);
        continue;
      }
      this.#states[sequence % MEMORY] = GIVEN_UP;
      this.unanswered++;
      this.#tally!.gaveUp(this.#flow, this.#times.due(sequence), sentAt);
      this.#session?.numbering.gaveUp(sequence);
      hasLost = true;
      yield { sequence, sentAt };
    }
    if (hasLost) this.#session?.numbering.settle();
    if (this.inFlight > 0) return;
    for (const _ of this.#unrecognized.splice(0)) this.#tally?.strayed();
  }

  /** Whether an unrecognized answer can belong to a message sent at this time; uses it up. */
  #wasUnrecognized(sentAt: number): boolean {
    const place = this.#unrecognized.findIndex((at) => at >= sentAt);
    if (place === -1) return false;
    this.#unrecognized.splice(place, 1);
    return true;
  }

  /** When the oldest message in flight was sent; `undefined` where there is none. */
  oldestSentAt(): number | undefined {
    this.#passDecided();
    return this.inFlight === 0 ? undefined : this.#times.sentAt(this.#oldest);
  }

  /** Goes on to the oldest message in flight, and tells the fate of those before it in order. */
  #passDecided(): void {
    const outages = this.#tally?.outages;
    for (; this.#oldest < this.next; this.#oldest++) {
      const state = this.#states[this.#oldest % MEMORY];
      if (state === WAITING) return;
      const sentAt = this.#times.sentAt(this.#oldest);
      if (state === ANSWERED) {
        outages?.answered(this.#flow, this.#oldest, sentAt);
      } else outages?.lost(this.#flow, this.#oldest, sentAt);
    }
  }

  /** The message that a datagram answers; `undefined` where it is unrecognized. */
  #sequenceOf(datagram: Uint8Array): number | undefined {
    if (this.#service === "chargen") {
      // Nothing in it shows its message: it counts for the oldest in flight.
      return this.oldestSentAt() === undefined ? this.next - 1 : this.#oldest;
    }
    if (this.#service === "discard") return undefined;
    let low: number | undefined;
    if (this.#session) {
      // Its messages are numbered from 0.
      const number = this.#session.read(datagram);
      if (number === undefined) return undefined;
      low = number + 1;
    } else {
      low = this.#messages.sequenceOf(datagram);
      if (low === undefined) return this.#sequenceByPattern(datagram);
    }
    const behind = (this.next - 1 - low) % 2 ** 32;
    const sequence = this.next - 1 - (behind < 0 ? behind + 2 ** 32 : behind);
    return sequence > Math.max(this.next - MEMORY, 0) ? sequence : undefined;
  }

  /** The message by the pattern after a damaged header, if that is long enough. */
  #sequenceByPattern(datagram: Uint8Array): number | undefined {
    if (datagram.length < 2 * HEADER_SIZE) return undefined;
    const first = Math.max(this.next - LOOKED_THROUGH, this.#phaseStart);
    for (let sequence = this.next - 1; sequence >= first; sequence--) {
      if (this.#hasPattern(datagram, sequence)) return sequence;
    }
  }

  #hasPattern(datagram: Uint8Array, sequence: number): boolean {
    const size = this.#messages.size(sequence);
    return datagram.length === size && this.#messages.difference(
          datagram,
          HEADER_SIZE,
          sequence,
          HEADER_SIZE,
          size - HEADER_SIZE,
        ) < 0;
  }

  /** What is wrong with an answer; `undefined` where it is intact. */
  #damage(
    datagram: Uint8Array,
    sequence: number,
  ): "corrupted" | "oversized" | undefined {
    if (this.#service === "chargen") {
      return datagram.length > CHARGEN_DATAGRAM_LIMIT ? "oversized" : undefined;
    }
    if (this.#session) {
      return this.#session.isIntact(datagram, sequence)
        ? undefined
        : "corrupted";
    }
    const size = this.#messages.size(sequence);
    const isIntact = datagram.length === size &&
      this.#messages.difference(datagram, 0, sequence, 0, size) < 0;
    return isIntact ? undefined : "corrupted";
  }

  #observeOrder(sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence;
    else this.#tally!.reordered(this.#highest - sequence);
  }
}
