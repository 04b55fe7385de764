/**
 * Ending loops, in which two servers answer each other's answers for ever.
 *
 * One datagram with a forged sender address starts such a loop: each server takes
 * the other's answer for a request. A looping datagram cannot be told apart from a
 * client's request, but a loop ends when one answer is suppressed, while a client
 * sends again.
 *
 * The rule: of equal datagrams that keep coming from the same address and port, at
 * one a second or more, the answer to one of 500 to 1000 is suppressed; which one
 * is drawn anew each time. So each looping copy ends after at most that many turns,
 * however often it is forged; a client that always sends the same misses at most two
 * answers in a thousand, and never two in a row; one that varies what it sends
 * misses none.
 *
 * A character generator, or another server that answers with text of its own,
 * never sends the same twice: from the ports of such services, and where the
 * datagram is a character generator's text, all datagrams count as equal.
 *
 * @module
 */
import { now } from "../../net/clock.ts";
import { CHARGEN_CYCLE, CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";

/** The least and the most equal datagrams in a row; the answer to the last is suppressed. */
const FEWEST = 500;
const MOST = 1000;

/**
 * So many equal datagrams of a row take at most so many microseconds. The clock is
 * read once for them all: it costs more than all else here.
 */
const STRETCH = 8;
const LONGEST_STRETCH = STRETCH * 1_000_000;

/**
 * Places in which datagrams are counted, a power of two. This few stay in the cache:
 * 16,384 cost a busy server some hundredths of its speed.
 */
const PLACES = 2048;

/**
 * A datagram can have one place only. It gets it when this many others have come
 * there since the current one last came, or when the current one's row has ended:
 * so looping datagrams win against varied ones, and several of them take turns.
 */
const PATIENCE = 64;

/** The fields of a place, as 32-bit numbers. */
const KEY = 0;
const OTHERS = 1;
const ROW = 2;
const LEFT = 3;
const CELL = 4;

/**
 * Where the places of whole datagrams begin, and those of the ends of long ones:
 * in one table, the two of a datagram might displace each other.
 */
const WHOLE = 0;
const ENDS = PLACES * CELL;

/** Returned in place of the count for the last in a row. */
const LAST = -1;

/**
 * Words at each end of a long datagram. As long as they vary, which is nearly
 * always, only they are hashed; once they have been equal this many times in a
 * row, all of the datagram is.
 */
const END = 32;
const ENDS_ALIKE = 100;

/** Decides which datagrams are to be answered. */
export class LoopGuard {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #random: () => number;
  readonly #now: () => number;
  /** Makes the places unpredictable to an attacker. */
  readonly #seed: number;
  /** The last sender's address, and its hash: many datagrams come in a row. */
  #host = "";
  #hostKey: number;
  /**
   * The places, each with its fields side by side: the key (a hash of sender and
   * datagram), how many others must come before one of them displaces it, how
   * often it has come in a row, and how many more complete the row.
   */
  readonly #places = new Uint32Array(2 * PLACES * CELL);
  /** When the current stretch of each place's row began. */
  readonly #began = new Float64Array(2 * PLACES);

  /**
   * @param buffer Holds each datagram from its start; its length is a multiple of
   * four bytes.
   * @param random Returns a number from 0 up to, but not including, 1.
   * @param clock Returns the time, in microseconds.
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
    this.#hostKey = this.#seed;
  }

  /**
   * Records the datagram in the buffer.
   *
   * Hot: this runs once for each datagram.
   *
   * @param length Its length, in bytes.
   * @returns Whether it is to be answered.
   */
  admits(hostname: string, port: number, length: number): boolean {
    if (hostname !== this.#host) this.#remember(hostname);
    let key = mix(this.#hostKey ^ port);
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

  #remember(hostname: string): void {
    this.#host = hostname;
    this.#hostKey = this.#seed;
    for (let i = 0; i < hostname.length; i++) {
      this.#hostKey = mix(this.#hostKey ^ hostname.charCodeAt(i));
    }
  }

  /**
   * Counts a datagram by its key.
   *
   * @param table Where its table begins.
   * @returns How many there were in the row; `LAST` for the one that ends it, 0
   * where another key has the place.
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
    const isNew = places[cell + LEFT] === 0;
    if (isNew || places[cell + ROW] % STRETCH === 0) {
      const time = this.#now();
      if (isNew || time - this.#began[cell / CELL] > LONGEST_STRETCH) {
        places[cell + ROW] = 0;
        places[cell + LEFT] = FEWEST +
          Math.floor(this.#random() * (MOST - FEWEST + 1));
      }
      this.#began[cell / CELL] = time;
    }
    places[cell + ROW]++;
    if (--places[cell + LEFT] === 0) {
      // Another key may have the place now.
      places[cell + OTHERS] = 0;
      return LAST;
    }
    places[cell + OTHERS] = PATIENCE;
    return places[cell + ROW];
  }

  /** A 32-bit hash of words of the buffer, and of the hash before. */
  #hash(before: number, from: number, to: number): number {
    const words = this.#words;
    // Four chains, which a processor computes in parallel.
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

  /** Whether a datagram is a character generator's text, or empty. */
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

/** The bytes, and words, by which a character generator's text is recognized. */
const RECOGNIZED = 8;
const [FIRST_WORD, SECOND_WORD] = new Uint32Array(
  CHARGEN_CYCLE.buffer.slice(0, RECOGNIZED),
);

/** Whether a port is that of a service whose answers do not repeat the request. */
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

/** Spreads a change of any bit over the others; a bijection. */
function mix(word: number): number {
  const product = Math.imul(word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
