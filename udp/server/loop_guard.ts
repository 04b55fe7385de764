/**
 * Noticing that an answer is answered, and its answer again, for ever.
 *
 * One datagram with a forged sender sets two servers upon each other: each takes
 * the other's answer for a question. What goes round in such a loop cannot be
 * told from a client's question by its looks, but a loop ends when one datagram
 * of it is left unanswered, and a client asks again.
 *
 * The rule: where the same datagram has come from the same address and port for
 * half a second, each time within 100 ms, the server answers it no more for
 * 300 ms. A loop is dead by then. Whoever still sends the same after that is a
 * client, and is answered for a minute, and twice as long each time that this
 * shows again.
 *
 * A character generator, or another server that answers with words of its own,
 * never sends the same twice: from the ports of such services, and where the
 * datagram is a character generator's text, any datagram counts as the same.
 *
 * @module
 */
import { CHARGEN_CYCLE, CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";

/** Microseconds between two of the same, at most, to belong together. */
const LARGEST_GAP = 100_000;

/** Microseconds for which the same may come before it is put to the test. */
const PATIENCE = 500_000;

/** Microseconds for which it is then not answered. */
const TEST = 300_000;

/** Microseconds for which a client that has passed the test is let alone, at first. */
const TRUST = 60_000_000;

/** Daytime, quote of the day, character generator, time (RFC 867, 865, 864, 868). */
const TALKATIVE_PORTS = [13, 17, 19, 37];

/** Bytes of a datagram that tell it from others. */
const SAMPLED = 32;

/**
 * Places for what comes again and again. Each datagram has but one, and takes it
 * from another that does not come again, so that memory stays as it is.
 */
const PLACES = 16_384;

/** Decides which datagrams are to be answered. */
export class LoopGuard {
  /** What is at each place: a hash of sender and datagram. */
  readonly #keys = new Uint32Array(PLACES);
  /** When it first came, and last, in a row without a gap. */
  readonly #since = new Float64Array(PLACES);
  readonly #last = new Float64Array(PLACES);
  /** Until when it is not answered, and until when it is let alone. */
  readonly #testedUntil = new Float64Array(PLACES);
  readonly #trustedUntil = new Float64Array(PLACES);
  readonly #trust = new Float64Array(PLACES);

  /**
   * Takes notice of a datagram.
   *
   * @param time What time it is, in microseconds of the clock.
   * @returns Whether it is to be answered.
   */
  admits(
    hostname: string,
    port: number,
    datagram: Uint8Array,
    time: number,
  ): boolean {
    const key = hash(hostname, port, datagram);
    const place = key % PLACES;
    if (this.#keys[place] !== key) {
      if (this.#isInUse(place, time)) return true;
      this.#take(place, key, time);
      return true;
    }
    if (time < this.#testedUntil[place]) return false;
    const isGap = time - this.#last[place] > LARGEST_GAP;
    this.#last[place] = time;
    if (this.#testedUntil[place] > 0) {
      // It comes again after all that time: a client.
      this.#testedUntil[place] = 0;
      this.#trust[place] = Math.max(this.#trust[place] * 2, TRUST);
      this.#trustedUntil[place] = time + this.#trust[place];
      this.#since[place] = time;
    } else if (isGap || time < this.#trustedUntil[place]) {
      this.#since[place] = time;
    } else if (time - this.#since[place] > PATIENCE) {
      this.#testedUntil[place] = time + TEST;
      return false;
    }
    return true;
  }

  /** Whether what is at a place still comes, or is known for a client. */
  #isInUse(place: number, time: number): boolean {
    const comesAgain = this.#last[place] > this.#since[place] &&
      time - this.#last[place] <= LARGEST_GAP;
    return comesAgain || time < this.#trustedUntil[place] ||
      time < this.#testedUntil[place];
  }

  #take(place: number, key: number, time: number): void {
    this.#keys[place] = key;
    this.#since[place] = this.#last[place] = time;
    this.#testedUntil[place] = this.#trustedUntil[place] = 0;
    this.#trust[place] = 0;
  }
}

/**
 * Thirty-two bits (FNV-1a) of a sender, and of a sample of what it sent: its
 * length, its beginning and its end.
 */
function hash(hostname: string, port: number, datagram: Uint8Array): number {
  let state = 0x811c9dc5 ^ port;
  for (let i = 0; i < hostname.length; i++) {
    state = Math.imul(state ^ hostname.charCodeAt(i), 0x01000193);
  }
  if (TALKATIVE_PORTS.includes(port) || isGenerated(datagram)) {
    return state >>> 0;
  }
  const { length } = datagram;
  state = Math.imul(state ^ length, 0x01000193);
  const sampled = Math.min(length, SAMPLED);
  for (let i = 0; i < sampled; i++) {
    state = Math.imul(state ^ datagram[i], 0x01000193);
  }
  for (let i = Math.max(length - SAMPLED, sampled); i < length; i++) {
    state = Math.imul(state ^ datagram[i], 0x01000193);
  }
  return state >>> 0;
}

/** Bytes by which a character generator's text is known. */
const RECOGNIZED = 8;

/** Whether a datagram is a character generator's text, or nothing at all. */
function isGenerated(datagram: Uint8Array): boolean {
  if (datagram.length > CHARGEN_DATAGRAM_LIMIT) return false;
  const length = Math.min(datagram.length, RECOGNIZED);
  for (let i = 0; i < length; i++) {
    if (datagram[i] !== CHARGEN_CYCLE[i]) return false;
  }
  return true;
}
