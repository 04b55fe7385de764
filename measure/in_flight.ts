/**
 * When the messages in flight were due and sent.
 *
 * @module
 */

/** The times of a connection's latest messages, by sequence number. */
export class InFlight {
  #due = new Float64Array(16);
  #sentAt = new Float64Array(16);

  /** How many messages it can hold. */
  get capacity(): number {
    return this.#due.length;
  }

  /** Makes room for at least this many messages, and keeps those up to the latest. */
  reserve(count: number, latest: number): void {
    if (count <= this.capacity) return;
    const larger = [this.#due, this.#sentAt].map((old) => {
      const grown = new Float64Array(old.length * 2);
      const first = Math.max(latest - old.length + 1, 0);
      for (let sequence = first; sequence <= latest; sequence++) {
        grown[sequence % grown.length] = old[sequence % old.length];
      }
      return grown;
    });
    [this.#due, this.#sentAt] = larger;
    this.reserve(count, latest);
  }

  /** Records a message. */
  set(sequence: number, due: number, sentAt: number): void {
    this.#due[sequence % this.capacity] = due;
    this.#sentAt[sequence % this.capacity] = sentAt;
  }

  /** When a message was due. */
  due(sequence: number): number {
    return this.#due[sequence % this.capacity];
  }

  /** When a message was sent. */
  sentAt(sequence: number): number {
    return this.#sentAt[sequence % this.capacity];
  }
}
