/**
 * The sessions of a STAMP reflector: a bounded number of them, of which the one
 * that has been idle for longest makes room for a new one.
 *
 * They are found by a hash of their own, and not by a text for each packet to
 * look up: that would cost a tenth of all that a packet costs.
 *
 * @module
 */

/** An address, port and session identifier, and how far its numbers are. */
export interface Session {
  readonly hostname: string;
  readonly port: number;
  readonly ssid: number;
  /** The number of its next answer. */
  next: number;
  /** The sender's timestamp in its last packet, as two numbers of 32 bits. */
  seconds: number;
  fraction: number;
  /** When that packet was received, in microseconds; 0 before the first. */
  receivedAt: number;
}

/** A session, in two lists. */
interface Entry extends Session {
  readonly hash: number;
  /** The next one with the same hash. */
  alike: Entry | undefined;
  /** Its neighbours in the order of use. */
  newer: Entry | undefined;
  older: Entry | undefined;
}

/** Sessions by their sender. */
export class Sessions {
  /** How many were begun. */
  begun = 0;
  /** How many were forgotten to make room. */
  forgotten = 0;
  readonly #limit: number;
  /** Makes the hashes unpredictable to an attacker. */
  readonly #seed: number = Math.floor(Math.random() * 2 ** 32);
  readonly #byHash: Map<number, Entry> = new Map();
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  #size = 0;

  /** @param limit The most that are kept. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * The session of a sender, a new one where there is none.
   *
   * Hot: this runs once for each packet.
   */
  find(hostname: string, port: number, ssid: number): Session {
    let hash = this.#seed ^ Math.imul(port << 16 | ssid, 0x9e3779b1);
    for (let i = 0; i < hostname.length; i++) {
      hash = Math.imul(hash ^ hash >>> 15 ^ hostname.charCodeAt(i), 0x85ebca6b);
    }
    // So many bits are a number that the map finds fastest.
    hash >>>= 2;
    let entry = this.#byHash.get(hash);
    while (
      entry !== undefined &&
      !(entry.port === port && entry.ssid === ssid &&
        entry.hostname === hostname)
    ) entry = entry.alike;
    if (entry === undefined) return this.#begin(hostname, port, ssid, hash);
    if (entry !== this.#newest) {
      this.#takeOut(entry);
      this.#putFirst(entry);
    }
    return entry;
  }

  #begin(hostname: string, port: number, ssid: number, hash: number): Entry {
    if (this.#size === this.#limit) this.#forget(this.#oldest!);
    const entry: Entry = {
      hostname,
      port,
      ssid,
      next: 0,
      seconds: 0,
      fraction: 0,
      receivedAt: 0,
      hash,
      alike: this.#byHash.get(hash),
      newer: undefined,
      older: undefined,
    };
    this.#byHash.set(hash, entry);
    this.#putFirst(entry);
    this.#size++;
    this.begun++;
    return entry;
  }

  #forget(entry: Entry): void {
    this.#takeOut(entry);
    this.#size--;
    this.forgotten++;
    const first = this.#byHash.get(entry.hash)!;
    if (first !== entry) {
      let before = first;
      while (before.alike !== entry) before = before.alike!;
      before.alike = entry.alike;
    } else if (entry.alike !== undefined) {
      this.#byHash.set(entry.hash, entry.alike);
    } else {
      this.#byHash.delete(entry.hash);
    }
  }

  #putFirst(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #takeOut({ newer, older }: Entry): void {
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
  }
}
