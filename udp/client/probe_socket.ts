/**
 * One socket of a measuring run over UDP.
 *
 * @module
 */
import { between, now } from "../../net/clock.ts";
import { InFlight } from "../../measure/in_flight.ts";
import { HEADER_SIZE, type Messages } from "../../measure/messages.ts";
import type { Lane } from "../../measure/run.ts";
import type { Tally } from "../../measure/tally.ts";
import { canonicalAddress } from "../../net/address.ts";
import { Backoff, pause } from "../../net/backoff.ts";
import { CHARGEN_DATAGRAM_LIMIT } from "../../net/chargen.ts";
import { close } from "../../net/close.ts";
import { describeError } from "../../net/errors.ts";
import type {
  ClientObserver,
  Failure,
  LostEvent,
  ReceivedEvent,
  SentEvent,
  Service,
  StrayEvent,
} from "../../events/mod.ts";
import { RECEIVE_BUFFER_SIZE } from "../datagram.ts";

/** The smallest datagram that can be measured with: stream, sequence number and time stamp. */
export const SMALLEST_MEASURED: number = HEADER_SIZE + 8;

/** What a socket of a run is given. */
export interface AskingOptions {
  /** Whom it asks. */
  target: Deno.NetAddr;
  /** What the peer does with a datagram. */
  service: Service;
  /** What it sends. */
  messages: Messages;
  /** Messages on their way at once. */
  pipeline: number;
  /** Milliseconds after which an answer is late, and its message lost. */
  timeout: number;
  /** Is told of each message. */
  tell?: ClientObserver<SentEvent | ReceivedEvent | LostEvent | StrayEvent>;
}

/** What became of a message. */
const WAITING = 1;
const ANSWERED = 2;
const GIVEN_UP = 3;

/**
 * So many of the latest messages are remembered, to tell a second answer from
 * a late one.
 */
const MEMORY = 65_536;

/** Milliseconds that the end waits for second answers: at least, and per longest delay. */
const LINGER = 50;
const LINGER_DELAYS = 2;

/** Sends datagrams from a socket, and sorts what comes back. */
export class AskingSocket implements Lane {
  failure: Failure | undefined;
  /** Answers to messages given up by then. */
  late = 0;
  /** Answers that had been counted before. */
  duplicates = 0;
  /** Answers that were not what was sent. */
  corrupted = 0;
  /** Answers that came after one to a later message. */
  reordered = 0;
  /** How many messages the most reordered answer was behind. */
  reorderingDistance = 0;
  /** Datagrams from other addresses. */
  strays = 0;
  /** Failures to send and to receive. */
  errors = 0;
  /** The last of them, in words. */
  lastError: string | undefined;
  /** Variation of the delay (RFC 3550, section 6.4.1), in microseconds. */
  jitter: number | undefined;

  readonly #socket: Deno.DatagramConn;
  readonly #options: AskingOptions;
  readonly #messages: Messages;
  /** The target's address in the spelling that is compared. */
  readonly #address: string;
  readonly #receiveBuffer = new Uint8Array(RECEIVE_BUFFER_SIZE);
  readonly #datagram: Uint8Array<ArrayBuffer>;
  readonly #datagramView: DataView<ArrayBuffer>;
  readonly #inFlight = new InFlight();
  readonly #states = new Uint8Array(MEMORY);
  readonly #closed = new AbortController();

  #tally: Tally | undefined;
  #phase: PromiseWithResolvers<void> | undefined;
  /** The first message of this phase: what answers an earlier one is of the warm-up. */
  #phaseStart = 1;
  /** The message that is next to be sent. */
  #next = 1;
  /** The first message that may still be waiting for its answer. */
  #oldest = 1;
  #waiting = 0;
  /** The latest message that was answered, and its delay. */
  #highest = 0;
  #previousDelay: number | undefined;
  #longestDelay = 0;
  /** Damaged answers that do not show to which message. */
  #unrecognized = 0;

  #exhausted = false;
  #due: number | undefined;
  #asleep = false;
  #sending = false;
  #held = false;
  #heldUntil = 0;
  #lastSent: number | undefined;
  #telling: Promise<void> | undefined;
  readonly #sendBackoff = new Backoff(10, 1000);

  constructor(socket: Deno.DatagramConn, options: AskingOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#messages = options.messages;
    this.#address = canonicalAddress(options.target.hostname);
    this.#datagram = new Uint8Array(options.messages.size);
    this.#datagramView = new DataView(this.#datagram.buffer);
    this.#receiveAll();
  }

  run(tally: Tally): Promise<void> {
    this.#tally = tally;
    this.#exhausted = false;
    this.#phaseStart = this.#oldest = this.#next;
    this.#highest = this.#next - 1;
    this.#phase = Promise.withResolvers();
    this.#pump(now());
    this.#checkPhase();
    return this.#phase.promise;
  }

  /** Gives up what has waited for too long: all wait equally long, so the oldest are first. */
  watch(): void {
    const enough = now() - this.#options.timeout * 1000;
    for (; this.#oldest < this.#next; this.#oldest++) {
      if (this.#state(this.#oldest) !== WAITING) continue;
      const sentAt = this.#inFlight.sentAt(this.#oldest);
      if (sentAt > enough) break;
      this.#setState(this.#oldest, GIVEN_UP);
      this.#waiting--;
      // A damaged answer that does not show to which message was to one of these.
      if (this.#unrecognized > 0) this.#unrecognized--;
      else {
        this.#tally!.lost++;
        this.#tell({
          event: "lost",
          sequence: this.#oldest,
          waited_us: between(sentAt, now()),
        });
      }
    }
    this.#pump(now());
    this.#checkPhase();
  }

  fail(failure: Failure): void {
    this.failure ??= failure;
    this.#close();
    this.#phase?.resolve();
  }

  /** Waits for second answers, then closes. */
  async finish(): Promise<void> {
    if (this.#options.service === "echo") {
      const longest = LINGER_DELAYS * this.#longestDelay / 1000;
      await pause(
        Math.min(Math.max(longest, LINGER), this.#options.timeout),
        this.#closed.signal,
      );
    }
    this.#close();
  }

  #close(): void {
    this.#closed.abort();
    close(this.#socket);
  }

  #checkPhase(): void {
    if (this.#exhausted && !this.#sending && this.#waiting === 0) {
      this.#phase?.resolve();
    }
  }

  #state(sequence: number): number {
    return this.#states[sequence % MEMORY];
  }

  #setState(sequence: number, state: number): void {
    this.#states[sequence % MEMORY] = state;
  }

  /*
   * The hot path, from here to #sort(): for each message one send, one receive
   * and the promises of both; the message is made in one buffer and its answer
   * compared without being kept.
   */

  /** Sends what may be sent now, one datagram after the other. */
  #pump(time: number): void {
    if (this.#sending || this.#telling || this.failure) return;
    if (!this.#mayBegin(time)) return;
    const sequence = this.#next++;
    const due = this.#due!;
    this.#due = undefined;
    this.#inFlight.reserve(this.#next - this.#oldest, sequence - 1);
    this.#messages.fill(this.#datagram, 0, sequence, 0, this.#messages.size);
    const at = now();
    if (this.#datagram.length >= SMALLEST_MEASURED) {
      this.#datagramView.setFloat64(HEADER_SIZE, at);
    }
    this.#lastSent = at;
    this.#inFlight.set(sequence, due, at);
    if (this.#options.service !== "discard") {
      this.#setState(sequence, WAITING);
      this.#waiting++;
    }
    this.#tally!.sent(due, at, due <= this.#heldUntil);
    if (this.#options.tell) {
      this.#tell({ event: "sent", sequence, bytes: this.#datagram.length });
    }
    this.#sending = true;
    this.#socket.send(this.#datagram, this.#options.target)
      .then(this.#onSent, this.#onSendFailed);
  }

  /** Whether the next message may begin. */
  #mayBegin(time: number): boolean {
    if (this.#exhausted) return false;
    const { schedule } = this.#tally!;
    const { pipeline } = this.#options;
    const memory = this.#next - this.#oldest >= MEMORY / 2;
    if (this.#waiting >= pipeline || memory) {
      this.#held = true;
      return false;
    }
    if (this.#held) {
      this.#held = false;
      this.#heldUntil = time;
    }
    this.#due ??= schedule.claim(time, this.#lastSent);
    if (this.#due === undefined) {
      this.#exhausted = true;
      return false;
    }
    if (this.#due <= time) return true;
    if (!this.#asleep) {
      this.#asleep = true;
      schedule.at(this.#due, this.#wake);
    }
    return false;
  }

  readonly #wake = (): void => {
    this.#asleep = false;
    this.#pump(now());
  };

  readonly #onSent = (length: number): void => {
    this.#sending = false;
    this.#tally!.bytesSent += length;
    this.#sendBackoff.reset();
    this.#pump(now());
    if (this.#exhausted) this.#checkPhase();
  };

  readonly #onSendFailed = async (error: unknown): Promise<void> => {
    if (this.failure) return;
    const sequence = this.#next - 1;
    this.#countError(error);
    this.#tally!.messagesSent--;
    if (this.#state(sequence) === WAITING) {
      this.#setState(sequence, GIVEN_UP);
      this.#waiting--;
    }
    // Without times of their own, messages would fail as fast as they can.
    if (!this.#tally!.schedule.isOpenLoop) {
      await pause(this.#sendBackoff.next(), this.#closed.signal);
    }
    this.#sending = false;
    this.#pump(now());
    this.#checkPhase();
  };

  #countError(error: unknown): void {
    this.errors++;
    this.lastError = describeError(error);
  }

  async #receiveAll(): Promise<void> {
    const backoff = new Backoff(1, 1000);
    const { target } = this.#options;
    // The system gives a new object and a new string with each datagram: the
    // last string that was looked at needs no second look.
    let known: string | undefined;
    while (!this.#closed.signal.aborted) {
      let datagram: Uint8Array;
      let peer: Deno.NetAddr;
      try {
        const received = await this.#socket.receive(this.#receiveBuffer);
        datagram = received[0];
        peer = received[1] as Deno.NetAddr;
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        // Windows reports here that nobody listens at the port that was asked.
        this.#countError(error);
        await pause(backoff.next(), this.#closed.signal);
        continue;
      }
      backoff.reset();
      if (
        peer.port === target.port && (peer.hostname === known ||
          canonicalAddress(peer.hostname) === this.#address)
      ) {
        known = peer.hostname;
        this.#sort(datagram, peer);
      } else {
        this.strays++;
        this.#tellStray(datagram, peer, "other-address");
      }
    }
  }

  /** Finds out what a datagram from the target is. */
  #sort(datagram: Uint8Array, peer: Deno.NetAddr): void {
    const at = now();
    const tally = this.#tally;
    if (tally === undefined) return;
    tally.bytesReceived += datagram.length;
    tally.lastMoved = at;
    const sequence = this.#sequenceOf(datagram);
    if (sequence !== undefined && sequence < this.#phaseStart) return;
    if (sequence === undefined || !this.#isIntact(datagram, sequence)) {
      this.corrupted++;
      this.#tellStray(datagram, peer, "corrupted");
      if (sequence === undefined) this.#unrecognized++;
      else if (this.#state(sequence) === WAITING) this.#settle(sequence);
    } else if (this.#state(sequence) === WAITING) {
      this.#settle(sequence);
      const sentAt = this.#inFlight.sentAt(sequence);
      const delay = tally.answered(this.#inFlight.due(sequence), sentAt, at);
      this.#observe(sequence, between(sentAt, at));
      if (this.#options.tell) {
        const bytes = datagram.length;
        this.#tell({ event: "received", sequence, bytes, rtt_us: delay });
      }
    } else if (this.#state(sequence) === GIVEN_UP) {
      this.#setState(sequence, ANSWERED);
      this.late++;
      this.#tellStray(datagram, peer, "late");
    } else {
      this.duplicates++;
      this.#tellStray(datagram, peer, "duplicate");
    }
    this.#pump(at);
    if (this.#exhausted) this.#checkPhase();
  }

  #settle(sequence: number): void {
    this.#setState(sequence, ANSWERED);
    this.#waiting--;
  }

  /** The message that a datagram answers; `undefined` where it shows none. */
  #sequenceOf(datagram: Uint8Array): number | undefined {
    if (this.#options.service === "chargen") {
      for (let each = this.#oldest; each < this.#next; each++) {
        if (this.#state(each) === WAITING) return each;
      }
      return this.#next - 1;
    }
    if (datagram.length < HEADER_SIZE) return undefined;
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    if (view.getUint32(0) !== this.#messages.stream) return undefined;
    const sequence = view.getUint32(4);
    const wasSent = sequence < this.#next && sequence >= this.#next - MEMORY;
    return wasSent ? sequence : undefined;
  }

  /** Whether a datagram is what was sent, or what the service answers. */
  #isIntact(datagram: Uint8Array, sequence: number): boolean {
    if (this.#options.service === "chargen") {
      return datagram.length <= CHARGEN_DATAGRAM_LIMIT;
    }
    const { size } = this.#messages;
    if (datagram.length !== size) return false;
    const pattern = size - SMALLEST_MEASURED;
    if (
      this.#messages.difference(
        datagram,
        SMALLEST_MEASURED,
        sequence,
        SMALLEST_MEASURED,
        pattern,
      ) >= 0
    ) return false;
    if (this.#next - sequence > this.#inFlight.capacity) return true;
    const view = new DataView(datagram.buffer, datagram.byteOffset);
    return view.getFloat64(HEADER_SIZE) === this.#inFlight.sentAt(sequence);
  }

  /** Takes an answer's order and delay into account. */
  #observe(sequence: number, delay: number): void {
    if (sequence < this.#highest) {
      this.reordered++;
      this.reorderingDistance = Math.max(
        this.reorderingDistance,
        this.#highest - sequence,
      );
    } else this.#highest = sequence;
    if (this.#previousDelay !== undefined) {
      const variation = Math.abs(delay - this.#previousDelay);
      const jitter = this.jitter ?? 0;
      this.jitter = jitter + (variation - jitter) / 16;
    }
    this.#previousDelay = delay;
    this.#longestDelay = Math.max(this.#longestDelay, delay);
  }

  #tellStray(
    datagram: Uint8Array,
    peer: Deno.NetAddr,
    reason: StrayEvent["reason"],
  ): void {
    if (!this.#options.tell) return;
    this.#tell({
      event: "stray",
      peer_host: peer.hostname,
      peer_port: peer.port,
      bytes: datagram.length,
      reason,
    });
  }

  /** Tells of something; the next message waits until that is done. */
  #tell(event: SentEvent | ReceivedEvent | LostEvent | StrayEvent): void {
    const told = this.#options.tell?.(event);
    if (told === undefined) return;
    const telling = told.then(() => {
      if (this.#telling !== telling) return;
      this.#telling = undefined;
      this.#pump(now());
    });
    this.#telling = telling;
  }
}
