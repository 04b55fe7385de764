/**
 * Ending loops, in which an answer is answered, and its answer again, for ever.
 *
 * One datagram with a forged sender sets two servers upon each other: each takes
 * the other's answer for a question. What goes round in such a loop cannot be
 * told from a client's question by its looks, but a loop ends when one datagram
 * of it is left unanswered, and a client asks again.
 *
 * The rule: of a datagram that comes from the same address and port again and
 * again, each time within a second, one of 500 to 1000 is left unanswered; which
 * one is drawn anew each time. So each copy that goes round ends after at most
 * so many turns, however often it is forged; a client that always sends the same
 * misses at most two answers in a thousand, and never two in a row; one that
 * varies what it sends misses none.
 *
 * A character generator, or another server that answers with words of its own,
 * never sends the same twice: from the ports of such services, and where the
 * datagram is a character generator's text, any datagram counts as the same.
 *
 * @module
 */
import { now } from "../../net/clock.ts";
import { CHARGEN_CYCLE, CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";

/** How many of the same make a row, of which the last is left unanswered. */
const FEWEST = 500;
const MOST = 1000;

/** Microseconds between two of the same, at most, to belong together. */
const LARGEST_GAP = 1_000_000;

/**
 * Places for what is counted; a power of two. So few stay in the cache: 16,384 cost
 * a busy server some hundredths of its speed.
 */
const PLACES = 2048;

/**
 * A datagram has one place only. It takes it when so many others have come there
 * since the one that has it came, or when that one's row has ended: so what goes
 * round wins against what varies, and many that go round take turns.
 */
const PATIENCE = 64;

/** What is known of a place, as 32-bit numbers. */
const KEY = 0;
const OTHERS = 1;
const ROW = 2;
const LEFT = 3;
const CELL = 4;

/**
 * Where the places of whole datagrams begin, and those of the ends of long ones:
 * in one table, the two of a datagram might keep each other out.
 */
const WHOLE = 0;
const ENDS = PLACES * CELL;

/** Stands for the number of the last in a row. */
const LAST = -1;

/**
 * Words at each end of a long datagram. As long as they vary, as nearly always,
 * nobody looks at what is between; once they have been the same so many times in
 * a row, all of it counts.
 */
const END = 32;
const ENDS_ALIKE = 100;

/** Decides which datagrams are to be answered. */
export class LoopGuard {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #random: () => number;
  readonly #now: () => number;
  /** Makes the places unknown to strangers. */
  readonly #seed: number;
  /**
   * The places, side by side, as each is looked at by itself: what has it (a
   * hash of a sender and what it sent), how many others must come before one of
   * them takes it, how often it has come in a row, and how many more times it
   * comes until the row ends.
   */
  readonly #places = new Uint32Array(2 * PLACES * CELL);
  /** When what has a place came the last time. */
  readonly #last = new Float64Array(2 * PLACES);

  /**
   * @param buffer Where the datagrams stand, each from its start: a multiple of
   * four bytes.
   * @param random Draws from 0 up to, and without, 1.
   * @param clock Tells the time, in microseconds.
   */
  constructor(
    buffer: Uint8Array<ArrayBuffer>,
    random: () => number = Math.random,
    clock: () => number = now,
  ) {
    this.#buffer = buffer;
    this.#words = new Uint32Array(buffer.buffer, buffer.byteOffset);
    this.#random = random;
    this.#now = clock;
    this.#seed = Math.floor(random() * 2 ** 32);
  }

  /**
   * Takes notice of the datagram in the buffer.
   *
   * Hot: this runs once for each datagram.
   *
   * @param length How many bytes of the buffer it is.
   * @returns Whether it is to be answered.
   */
  admits(hostname: string, port: number, length: number): boolean {
    let key = mix(this.#seed ^ port);
    for (let i = 0; i < hostname.length; i++) {
      key = mix(key ^ hostname.charCodeAt(i));
    }
    if (!isTalkative(port) && !this.#isGenerated(length)) {
      key = mix(key ^ length);
      const words = length >>> 2;
      const rest = length & 3;
      if (rest > 0) {
        key = mix(key ^ this.#words[words] & (1 << 8 * rest) - 1);
      }
      if (words > 2 * END) {
        key = this.#hash(this.#hash(key, 0, END), words - END, words);
        if (this.#count(key, ENDS) < ENDS_ALIKE) return true;
      }
      key = this.#hash(key, 0, words);
    }
    return this.#count(key, WHOLE) !== LAST;
  }

  /**
   * Counts one more of a key.
   *
   * @param table Where its table begins.
   * @returns How many there were in the row; `LAST` for the one that ends it, 0
   * where the place is another's.
   */
  #count(key: number, table: number): number {
    const places = this.#places;
    const cell = table + (key & (PLACES - 1)) * CELL;
    if (places[cell + KEY] !== key >>> 0) {
      if (places[cell + OTHERS] > 0) {
        places[cell + OTHERS]--;
        return 0;
      }
      places[cell + KEY] = key;
      places[cell + LEFT] = 0;
    }
    const time = this.#now();
    const isGap = time - this.#last[cell / CELL] > LARGEST_GAP;
    this.#last[cell / CELL] = time;
    if (isGap || places[cell + LEFT] === 0) {
      places[cell + ROW] = 0;
      places[cell + LEFT] = FEWEST +
        Math.floor(this.#random() * (MOST - FEWEST + 1));
    }
    places[cell + ROW]++;
    if (--places[cell + LEFT] === 0) {
      // Others that wait for the place have a turn.
      places[cell + OTHERS] = 0;
      return LAST;
    }
    places[cell + OTHERS] = PATIENCE;
    return places[cell + ROW];
  }

  /** Thirty-two bits of words of the buffer, and of what came before them. */
  #hash(before: number, from: number, to: number): number {
    const words = this.#words;
    // Four chains, as a processor can follow them side by side.
    let a = before, b = ~a, c = mix(a), d = ~c;
    let i = from;
    for (; i + 4 <= to; i += 4) {
      a = mix(a ^ words[i]);
      b = mix(b ^ words[i + 1]);
      c = mix(c ^ words[i + 2]);
      d = mix(d ^ words[i + 3]);
    }
    for (; i < to; i++) a = mix(a ^ words[i]);
    return mix(mix(mix(mix(a) ^ b) ^ c) ^ d);
  }

  /** Whether a datagram is a character generator's text, or nothing at all. */
  #isGenerated(length: number): boolean {
    if (length > CHARGEN_DATAGRAM_LIMIT) return false;
    if (length >= RECOGNIZED) {
      return this.#words[0] === FIRST_WORD && this.#words[1] === SECOND_WORD;
    }
    for (let i = 0; i < length; i++) {
      if (this.#buffer[i] !== CHARGEN_CYCLE[i]) return false;
    }
    return true;
  }
}

/** Bytes by which a character generator's text is known, and as words. */
const RECOGNIZED = 8;
const [FIRST_WORD, SECOND_WORD] = new Uint32Array(
  CHARGEN_CYCLE.buffer.slice(0, RECOGNIZED),
);

/** Whether a port is that of a service whose answers are words of its own. */
function isTalkative(port: number): boolean {
  switch (port) {
    case 13: // Daytime (RFC 867)
    case 17: // Quote of the day (RFC 865)
    case 19: // Character generator (RFC 864)
    case 37: // Time (RFC 868)
      return true;
    default:
      return false;
  }
}

/** Spreads a change of any bit over the others; no two words become the same. */
function mix(word: number): number {
  const product = Math.imul(word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
