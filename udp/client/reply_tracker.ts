/**
 * What became of each datagram of a flow, with no socket in it.
 *
 * @module
 */
import type { Service } from "../../events/mod.ts";
import { InFlight } from "../../measure/in_flight.ts";
import { HEADER_SIZE, type Messages } from "../../measure/messages.ts";
import type { Tally } from "../../measure/tally.ts";
import { CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";
import { between } from "../../net/clock.ts";

/** What became of a message. */
const WAITING = 1;
const ANSWERED = 2;
const GIVEN_UP = 3;
/** Its answer came after it had been given up. */
const ANSWERED_LATE = 4;

/**
 * So many of the latest messages are remembered, to tell a second answer from
 * a late one.
 */
const MEMORY = 65_536;

/** A damaged header is looked up by the rest of the datagram among so many of the latest messages. */
const LOOKED_THROUGH = 1024;

/**
 * What a datagram from the peer is.
 *
 * - `answer`: the first to its message, in time and as it should be.
 * - `late`: the first to a message given up by then.
 * - `duplicate`: to a message that had an answer.
 * - `corrupted`: damaged, so that its message has no good answer.
 * - `oversized`: longer than a character generator may answer (RFC 864).
 * - `unrecognized`: damaged beyond telling to which message.
 * - `earlier`: to a message of the phase before this one, which counts nowhere.
 */
export type Reply =
  | "answer"
  | "late"
  | "duplicate"
  | "corrupted"
  | "oversized"
  | "unrecognized"
  | "earlier";

/** A message that was given up. */
export interface GivenUp {
  /** Which. */
  sequence: number;
  /** When it was sent. */
  sentAt: number;
}

/**
 * Follows the messages of one flow. Each is sent, and then answered, corrupted or
 * given up, so that at any moment sent = answered + corrupted + lost + in flight.
 */
export class ReplyTracker {
  /** The message that is next to be sent; they count from 1. */
  next = 1;
  /** Messages sent and not settled. */
  inFlight = 0;
  /** Messages given up and not answered since. */
  unanswered = 0;
  /** The longest that any answer took, late ones included, in microseconds. */
  longestDelay = 0;
  /** The message of the last answer, and its round-trip delay in microseconds. */
  sequence = 0;
  delay = 0;
  /** Variation of the delay (RFC 3550, section 6.4.1), in microseconds. */
  jitter: number | undefined;

  readonly #messages: Messages;
  readonly #service: Service;
  readonly #flow: number;
  readonly #times = new InFlight();
  readonly #states = new Uint8Array(MEMORY);
  #tally: Tally | undefined;
  /** The first message of this phase. */
  #phaseStart = 1;
  /** The first message that may still be waiting for its answer. */
  #oldest = 1;
  /** The latest message that was answered in time, and its delay. */
  #highest = 0;
  #previousDelay: number | undefined;
  /** When damaged answers came that do not show to which message. */
  readonly #unrecognized: number[] = [];

  /**
   * @param messages What the flow sends.
   * @param service What the peer does with it.
   * @param flow The flow's number, from 0.
   */
  constructor(messages: Messages, service: Service, flow: number) {
    this.#messages = messages;
    this.#service = service;
    this.#flow = flow;
  }

  /** Begins a phase: what answers an earlier message counts nowhere from now on. */
  begin(tally: Tally): void {
    this.#tally = tally;
    this.#phaseStart = this.#oldest = this.next;
    this.#highest = this.next - 1;
    this.#previousDelay = this.jitter = undefined;
    this.#unrecognized.length = 0;
    this.inFlight = this.unanswered = this.longestDelay = 0;
  }

  /** Whether one more message can be remembered. */
  get hasRoom(): boolean {
    return this.next - this.#oldest < MEMORY / 2;
  }

  /**
   * Takes note of the next message, which is about to be sent.
   *
   * @param due When it was due.
   * @param at What time it is.
   * @returns Its number.
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

  /** Takes back the last message: its socket did not take it. */
  unsend(): void {
    const sequence = this.next - 1;
    this.#tally!.unsent(this.#times.sentAt(sequence));
    if (this.#states[sequence % MEMORY] !== WAITING) return;
    this.#states[sequence % MEMORY] = ANSWERED;
    this.inFlight--;
  }

  /** Finds out what a datagram from the peer is, and counts it. */
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
      tally.cameAgain();
      return "duplicate";
    }
    const sentAt = this.#times.sentAt(sequence);
    const delay = between(sentAt, at);
    this.longestDelay = Math.max(this.longestDelay, delay);
    if (state === GIVEN_UP) {
      this.#states[place] = ANSWERED_LATE;
      this.unanswered--;
      tally.cameLate();
      return "late";
    }
    this.#states[place] = ANSWERED;
    this.inFlight--;
    const damage = this.#damage(datagram, sequence);
    if (damage !== undefined) {
      tally.corrupted(sentAt, at);
      return damage;
    }
    this.delay = tally.answered(
      this.#flow,
      this.#times.due(sequence),
      sentAt,
      at,
    );
    this.#observeOrder(sequence);
    this.#observeVariation(delay);
    return "answer";
  }

  #takeUnrecognized(at: number): Reply {
    // Whose answer it was shows when a message stays without one.
    if (this.inFlight > 0) this.#unrecognized.push(at);
    else this.#tally!.strayed();
    return "unrecognized";
  }

  /**
   * Gives up messages that have waited for too long; all wait equally long, so
   * the oldest come first.
   *
   * @param isOverdue Whether a message that was sent at a time has waited enough.
   */
  *giveUp(isOverdue: (sentAt: number) => boolean): Generator<GivenUp> {
    for (; this.#oldest < this.next; this.#oldest++) {
      const sequence = this.#oldest;
      if (this.#states[sequence % MEMORY] !== WAITING) continue;
      const sentAt = this.#times.sentAt(sequence);
      if (!isOverdue(sentAt)) break;
      this.inFlight--;
      if (this.#wasUnrecognized(sentAt)) {
        this.#states[sequence % MEMORY] = ANSWERED;
        this.#tally!.corrupted(sentAt, sentAt);
        continue;
      }
      this.#states[sequence % MEMORY] = GIVEN_UP;
      this.unanswered++;
      this.#tally!.gaveUp(sentAt);
      yield { sequence, sentAt };
    }
    if (this.inFlight > 0) return;
    for (const _ of this.#unrecognized.splice(0)) this.#tally?.strayed();
  }

  /** Whether a damaged answer that shows no message can have been to one sent at a time. */
  #wasUnrecognized(sentAt: number): boolean {
    const place = this.#unrecognized.findIndex((at) => at >= sentAt);
    if (place === -1) return false;
    this.#unrecognized.splice(place, 1);
    return true;
  }

  /** When the oldest message in flight was sent; `undefined` where there is none. */
  oldestSentAt(): number | undefined {
    if (this.inFlight === 0) return undefined;
    while (this.#states[this.#oldest % MEMORY] !== WAITING) this.#oldest++;
    return this.#times.sentAt(this.#oldest);
  }

  /** The message that a datagram answers; `undefined` where it shows none. */
  #sequenceOf(datagram: Uint8Array): number | undefined {
    if (this.#service === "chargen") {
      // Nothing in it says what it answers: the oldest one that waits.
      return this.oldestSentAt() === undefined ? this.next - 1 : this.#oldest;
    }
    if (this.#service === "discard") return undefined;
    const low = this.#messages.sequenceOf(datagram);
    if (low === undefined) return this.#sequenceByPattern(datagram);
    const behind = (this.next - 1 - low) % 2 ** 32;
    const sequence = this.next - 1 - (behind < 0 ? behind + 2 ** 32 : behind);
    return sequence > Math.max(this.next - MEMORY, 0) ? sequence : undefined;
  }

  /** The message by what follows its damaged header, where that is enough to know it. */
  #sequenceByPattern(datagram: Uint8Array): number | undefined {
    const length = this.#messages.size - HEADER_SIZE;
    if (datagram.length !== this.#messages.size || length < HEADER_SIZE) {
      return undefined;
    }
    const first = Math.max(this.next - LOOKED_THROUGH, this.#phaseStart);
    for (let sequence = this.next - 1; sequence >= first; sequence--) {
      if (this.#hasPattern(datagram, sequence)) return sequence;
    }
  }

  #hasPattern(datagram: Uint8Array, sequence: number): boolean {
    const { size } = this.#messages;
    const length = size - HEADER_SIZE;
    return this.#messages.difference(
      datagram,
      HEADER_SIZE,
      sequence,
      HEADER_SIZE,
      length,
    ) < 0;
  }

  /** What is wrong with the answer to a message; `undefined` where nothing is. */
  #damage(
    datagram: Uint8Array,
    sequence: number,
  ): "corrupted" | "oversized" | undefined {
    if (this.#service === "chargen") {
      return datagram.length > CHARGEN_DATAGRAM_LIMIT ? "oversized" : undefined;
    }
    const { size } = this.#messages;
    const isIntact = datagram.length === size &&
      this.#messages.difference(datagram, 0, sequence, 0, size) < 0;
    return isIntact ? undefined : "corrupted";
  }

  #observeOrder(sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence;
    else this.#tally!.cameOutOfOrder(this.#highest - sequence);
  }

  #observeVariation(delay: number): void {
    if (this.#previousDelay !== undefined) {
      const variation = Math.abs(delay - this.#previousDelay);
      const jitter = this.jitter ?? 0;
      this.jitter = jitter + (variation - jitter) / 16;
    }
    this.#previousDelay = delay;
  }
}
