/**
 * On which way messages are lost, doubled and reordered: from the numbers that a
 * reflector gives to its reflections, without any socket.
 *
 * The sender numbers what it sends, and a stateful reflector what it reflects
 * (RFC 8762, section 4.3). A message that was lost on the way out has no number; one
 * whose reflection was lost on the way back has one, which does not come. So between
 * two replies, as many numbers are missing as reflections were lost on the way back;
 * the other messages that are missing were lost on the way out.
 *
 * @module
 */

/** The ways: to the reflector, and from it. */
export type Way = "out" | "back";

/** Both ways, in order. */
export const WAYS: readonly Way[] = ["out", "back"];

/** Takes what a flow finds out. */
export interface DirectionSink {
  /** A message was lost on this way, that was sent at this time. */
  lost(way: Way, sentAt: number): void;
  /** A copy was made on this way. */
  duplicated(way: Way): void;
  /** Something was overtaken on this way. */
  reordered(way: Way): void;
}

/** A reply, as far as it says where it has been. */
export interface Reflection {
  /** The number that the sender's message had on the wire, of 32 bits. */
  senderNumber: number;
  /** The number that the reflector gave it, of 32 bits. */
  number: number;
  /** When the reflector received the message, in microseconds of its clock. */
  received: number;
  /** When it sent this reflection. */
  reflected: number;
}

/** What a message is while it has no number; numbers are from 0 up. */
const WAITING = -1;
const LOST = -2;
/** An answer came, too damaged to show its number. */
const DAMAGED = -3;
/** It was never sent. */
const UNSENT = -4;

/** From this length on, what is settled is looked for and forgotten. */
const SETTLE_FROM = 1024;

/** The most messages that are kept: what is older stays unattributed. */
const LONGEST = 131_072;

/** Replies that are kept, to tell on which way a copy of one was made. */
const MEMORY = 1024;

/** The share of the replies up to which numbers may be missing without a reason. */
const LARGEST_UNEXPLAINED = 0.01;

/** One in so many replies may follow a restart: with more, its numbers mean nothing. */
const FEWEST_BETWEEN_RESTARTS = 10;

/**
 * Follows the numbers of one flow. What it cannot decide it leaves out, so that the
 * losses of both ways are at most those of the round trip.
 */
export class Numbering {
  /** First replies to messages. */
  replies = 0;
  /** Replies that begin again with a lower number: the reflector was restarted. */
  restarts = 0;
  /**
   * Whether the reflector numbers by itself; `undefined` while its numbers have
   * always been the sender's, as they are where nothing is lost on the way out.
   */
  isStateful: boolean | undefined;
  /** Anything was lost or overtaken. */
  hasTrouble = false;
  #sink: DirectionSink | undefined;
  /** The first message of this phase. */
  #phaseStart = 1;
  /** The first message that is kept; the numbers of the kept, or their states; and when each was sent. */
  #first = 1;
  #numbers: number[] = [];
  #sentAt: number[] = [];
  #settleAt = SETTLE_FROM;
  /** The first number that belongs to a kept message. */
  #firstNumber = 0;
  /** Numbers of copies that were made on the way out. */
  #copies: number[] = [];
  /** The highest number that arrived, and when it was reflected. */
  #highest: number | undefined;
  #highestAt = -Infinity;
  /** Numbers that neither a loss nor a copy explains, and what may explain some. */
  #unexplained = 0;
  #explanations = 0;
  /** The latest replies, by message. */
  readonly #known = new Float64Array(MEMORY * 4);

  /**
   * Begins a phase: what was sent before is followed, since its numbers count, but
   * not reported from now on.
   *
   * @param first The first message of the phase.
   * @param sink Takes what is found out about it; absent where nobody wants to know.
   */
  begin(first: number, sink: DirectionSink | undefined): void {
    this.#phaseStart = first;
    this.#sink = sink;
  }

  /**
   * Whether the numbers are those of one session: a reflector that counts for all
   * of its peers at once, or that gives no numbers at all, says nothing about one.
   */
  get isOfOneSession(): boolean {
    return this.#unexplained <=
        this.#explanations + LARGEST_UNEXPLAINED * this.replies &&
      this.restarts * FEWEST_BETWEEN_RESTARTS <=
        this.replies + FEWEST_BETWEEN_RESTARTS;
  }

  /**
   * Whether one more message, whose answer has the reflector's next number, would
   * tell more: whether the reflector numbers by itself, or on which way messages
   * after the last reply were lost.
   */
  get hasOpenQuestion(): boolean {
    if (this.replies === 0 || this.isStateful === false) return false;
    return this.isStateful === undefined || this.#numbers.includes(LOST);
  }

  /** Records the next message, which is about to be sent. */
  sent(sequence: number, at: number): void {
    if (this.#numbers.length === 0) this.#first = sequence;
    this.#numbers.push(WAITING);
    this.#sentAt.push(at);
    if (this.#numbers.length >= this.#settleAt) this.settle();
  }

  /** Records that a message was not sent after all. */
  unsent(sequence: number): void {
    this.#mark(sequence, UNSENT);
  }

  /** Records that a message is given up. */
  gaveUp(sequence: number): void {
    this.hasTrouble = true;
    this.#mark(sequence, LOST);
  }

  /** Records that a message was answered, but that its answer cannot be read. */
  damaged(sequence: number): void {
    this.#mark(sequence, DAMAGED);
  }

  #mark(sequence: number, state: number): void {
    const place = sequence - this.#first;
    if (place >= 0 && place < this.#numbers.length) {
      this.#numbers[place] = state;
    }
  }

  /**
   * Records the first reply to a message.
   *
   * @param isLate It came after its message had been given up.
   */
  answered(sequence: number, reply: Reflection, isLate: boolean): void {
    this.replies++;
    this.#learnMode(reply);
    const number = this.#extend(reply.number);
    this.#remember(sequence, number, reply);
    if (this.#isRestart(number, reply)) this.#restart(sequence, number);
    else if (!isLate) this.#observeOrder(number);
    if (this.#highest === undefined || number > this.#highest) {
      this.#highest = number;
      this.#highestAt = reply.reflected;
    }
    this.#mark(sequence, number);
  }

  /**
   * Records another reply to a message that was answered before.
   *
   * @returns On which way it was doubled; `undefined` where that is not known.
   */
  copied(sequence: number, reply: Reflection): Way | undefined {
    const place = (sequence % MEMORY) * 4;
    if (this.#known[place] !== sequence) return undefined;
    const number = this.#extend(reply.number);
    const isSame = this.#known[place + 1] === number;
    const isReflectedOnce = this.#known[place + 2] === reply.received &&
      this.#known[place + 3] === reply.reflected;
    if (isSame && isReflectedOnce) {
      this.#report(sequence)?.duplicated("back");
      return "back";
    }
    // One number, given twice.
    if (isSame) this.isStateful = false;
    else {
      this.isStateful ??= true;
      this.#explanations++;
      if (number >= this.#firstNumber) this.#copies.push(number);
      else if (this.#unexplained > 0) this.#unexplained--;
      this.#observeOrder(number);
      if (number > this.#highest!) {
        this.#highest = number;
        this.#highestAt = reply.reflected;
      }
    }
    this.#report(sequence)?.duplicated("out");
    return "out";
  }

  #report(sequence: number): DirectionSink | undefined {
    return sequence >= this.#phaseStart ? this.#sink : undefined;
  }

  #learnMode({ number, senderNumber, reflected }: Reflection): void {
    if (this.isStateful !== undefined) return;
    if (number !== senderNumber) this.isStateful = true;
    // It reflected the lower number later: these are the sender's.
    else if (
      this.#highest !== undefined && this.#extend(number) < this.#highest &&
      reflected > this.#highestAt
    ) this.isStateful = false;
  }

  /** A number of 32 bits as one that goes on where they end. */
  #extend(number: number): number {
    if (this.#highest === undefined) return number;
    return this.#highest + (number - this.#highest | 0);
  }

  #remember(
    sequence: number,
    number: number,
    { received, reflected }: Reflection,
  ): void {
    this.#known.set(
      [sequence, number, received, reflected],
      (sequence % MEMORY) * 4,
    );
  }

  /** Whether a lower number was reflected later than a higher one. */
  #isRestart(number: number, { reflected }: Reflection): boolean {
    return this.isStateful === true && this.#highest !== undefined &&
      number <= this.#highest && reflected > this.#highestAt;
  }

  /** Forgets what was before: between the two countings nothing can be told. */
  #restart(sequence: number, number: number): void {
    this.restarts++;
    this.settle();
    const gone = Math.max(sequence - this.#first, 0);
    this.#drop(gone);
    this.#firstNumber = number;
    this.#copies.length = 0;
    this.#highest = undefined;
  }

  #observeOrder(number: number): void {
    if (this.#highest !== undefined && number < this.#highest) {
      this.hasTrouble = true;
      this.#sink?.reordered("back");
    }
  }

  #drop(count: number): void {
    this.#first += Math.min(count, this.#numbers.length);
    this.#numbers.splice(0, count);
    this.#sentAt.splice(0, count);
  }

  /**
   * Attributes what can be attributed: all that was sent before a message whose
   * reply overtook nothing, and was overtaken by nothing.
   */
  settle(): void {
    const numbers = this.#numbers;
    // The lowest number of any message after each.
    const lowest = new Array<number>(numbers.length + 1).fill(Infinity);
    for (let i = numbers.length - 1; i >= 0; i--) {
      const number = numbers[i];
      lowest[i] = number >= 0 ? Math.min(number, lowest[i + 1]) : lowest[i + 1];
    }
    let start = 0;
    let highest = this.#firstNumber - 1;
    for (let i = 0; i < numbers.length && numbers[i] !== WAITING; i++) {
      if (numbers[i] < 0) continue;
      highest = Math.max(highest, numbers[i]);
      if (highest >= lowest[i + 1]) continue;
      this.#attribute(start, i + 1, highest + 1);
      for (let j = start; j <= i; j++) {
        if (numbers[j] > lowest[j + 1]) {
          this.#report(this.#first + j)?.reordered("out");
        }
      }
      start = i + 1;
    }
    this.#drop(start);
    if (numbers.length > LONGEST) this.#giveUpHalf();
    this.#settleAt = Math.max(SETTLE_FROM, 2 * numbers.length);
  }

  /** Forgets the older half of what cannot be attributed. */
  #giveUpHalf(): void {
    const half = this.#numbers.length >> 1;
    for (let i = 0; i < half; i++) {
      this.#firstNumber = Math.max(this.#firstNumber, this.#numbers[i] + 1);
    }
    this.#drop(half);
  }

  /**
   * Attributes the losses after the last reply, where they are known.
   *
   * @param end How many the reflector has numbered by the end, as the answer to one
   * more message shows; absent where nothing does.
   */
  finish(end?: number): void {
    this.settle();
    if (end === undefined || this.#highest === undefined) return;
    const next = this.#extend(end);
    if (next < this.#firstNumber) return;
    this.#attribute(0, this.#numbers.length, next);
    this.#drop(this.#numbers.length);
  }

  /**
   * Attributes the losses among some messages.
   *
   * @param start The first of them, among the kept.
   * @param end The one after the last.
   * @param nextNumber The first number that belongs to none of them.
   */
  #attribute(start: number, end: number, nextNumber: number): void {
    const isFirst = this.#firstNumber === 0;
    let missing = nextNumber - this.#firstNumber;
    this.#firstNumber = nextNumber;
    const lost: number[] = [];
    for (let i = start; i < end; i++) {
      const number = this.#numbers[i];
      if (number >= 0 || number === DAMAGED) missing--;
      else if (number === LOST) lost.push(i);
    }
    if (this.#copies.length > 0) {
      const rest = this.#copies.filter((number) => number >= nextNumber);
      missing -= this.#copies.length - rest.length;
      this.#copies = rest;
    }
    this.#explanations += lost.length;
    // More than were lost: copies whose reflections were lost, or others' messages.
    if (missing > lost.length) {
      if (!isFirst) this.#unexplained += missing - lost.length;
      return;
    }
    // Damage on the way out, or numbers that are no numbers.
    if (missing < 0) return;
    const isMixed = missing > 0 && missing < lost.length;
    const hasEarlier = this.#first + (lost[0] ?? 0) < this.#phaseStart;
    // Which of them were of the warm-up cannot be told.
    if (isMixed && hasEarlier) return;
    for (const [place, i] of lost.entries()) {
      const way = place < missing ? "back" : "out";
      this.#report(this.#first + i)?.lost(way, this.#sentAt[i]);
    }
  }
}
