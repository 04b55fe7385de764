/**
 * When a flow may send its next message, over TCP or UDP.
 *
 * @module
 */
import type { Failure } from "../events/mod.ts";
import type { Tally } from "./tally.ts";

/** Pauses the sending of every flow of a run. */
export interface Brake {
  /** Nothing may be sent while it is on. */
  isOn: boolean;
}

/** What a pacer needs from its flow. */
export interface PacedFlow {
  /** Sends whatever may be sent now: a message is due, or there is room for one. */
  pump(): void;
  /** Messages in flight, those begun to be sent included. */
  readonly inFlight: number;
  /** The size of the next message, in bytes. */
  readonly nextSize: number;
}

/**
 * Paces a flow through its phases. A phase (warm-up, measuring) begins with a
 * tally, and ends when its schedule is exhausted and nothing is in flight, or when
 * the flow fails.
 */
export class Pacer {
  /** Why the flow ended early. */
  failure: Failure | undefined;
  readonly #flow: PacedFlow;
  readonly #brake: Brake;
  #tally: Tally | undefined;
  #phase: PromiseWithResolvers<void> | undefined;
  /** The schedule has no more messages for this phase. */
  #exhausted = true;
  /** When the claimed next message is due. */
  #due: number | undefined;
  /** When the last message was due. */
  #previous: number | undefined;
  /** Messages claimed in this phase. */
  #claimed = 0;
  /** An alarm for the next message is set. */
  #asleep = false;
  /** Messages in flight delay the next one, or did so until `#heldUntil`. */
  #held = false;
  #heldUntil = 0;
  /** An observer has not finished with the last event. */
  #observed: Promise<void> | undefined;

  constructor(flow: PacedFlow, brake: Brake) {
    this.#flow = flow;
    this.#brake = brake;
  }

  /** The tally of the current phase; `undefined` before the first. */
  get tally(): Tally | undefined {
    return this.#tally;
  }

  /** Begins a phase; resolves at its end. */
  begin(tally: Tally): Promise<void> {
    if (this.failure) return Promise.resolve();
    this.#tally = tally;
    this.#exhausted = false;
    // An alarm that its message did not wait for ended with the schedule before.
    this.#asleep = false;
    this.#claimed = 0;
    this.#phase = Promise.withResolvers();
    const { promise } = this.#phase;
    this.#flow.pump();
    return promise;
  }

  /**
   * Takes the next message if it may be sent now. If it is not due yet, the flow
   * is pumped again when it is; if there is none, the phase ends once nothing is
   * in flight.
   *
   * @param time The current time, in microseconds of the clock.
   * @param hasRoom Whether the limit of messages in flight allows another.
   * @returns When it was due; `undefined` where none may be sent.
   */
  next(time: number, hasRoom: boolean): number | undefined {
    if (this.#exhausted) return this.settle();
    if (this.#observed || this.#brake.isOn || this.failure) return undefined;
    if (!hasRoom) {
      this.#held = true;
      return undefined;
    }
    if (this.#held) this.hold(time);
    const { schedule } = this.#tally!;
    if (this.#due === undefined) {
      this.#due = schedule.claim(
        time,
        this.#previous,
        this.#flow.nextSize,
        this.#claimed++,
      );
    }
    if (this.#due === undefined) {
      this.#exhausted = true;
      return this.settle();
    }
    if (this.#due > time) {
      if (!this.#asleep) {
        this.#asleep = true;
        schedule.at(this.#due, this.#wake);
      }
      return undefined;
    }
    this.#previous = this.#due;
    this.#due = undefined;
    return this.#previous;
  }

  readonly #wake = (): void => {
    this.#asleep = false;
    this.#flow.pump();
  };

  /** Records that the path delayed what was due until now. */
  hold(time: number): void {
    this.#held = false;
    this.#heldUntil = time;
  }

  /** Whether the path, and not the client, delayed a message due at this time. */
  wasHeld(due: number): boolean {
    return due <= this.#heldUntil;
  }

  /** Ends the phase if nothing is left to send and nothing is in flight. */
  settle(): undefined {
    if (this.#exhausted && this.#flow.inFlight === 0) this.#phase?.resolve();
  }

  /** Sends nothing more in this phase; what is in flight may still be answered. */
  stop(): void {
    this.#exhausted = true;
    this.#due = undefined;
    this.#asleep = false;
    this.settle();
  }

  /** Ends the flow; the first reason counts. */
  fail(failure: Failure): void {
    this.failure ??= failure;
    this.#phase?.resolve();
  }

  /** Sends nothing more until an observer has finished with an event. */
  await(observed: void | Promise<void>): void {
    if (observed === undefined) return;
    const last = observed.then(() => {
      if (this.#observed !== last) return;
      this.#observed = undefined;
      this.#flow.pump();
    });
    this.#observed = last;
  }
}
