/**
 * When a flow may send its next message, whatever it travels on.
 *
 * @module
 */
import type { Failure } from "../events/mod.ts";
import type { Tally } from "./tally.ts";

/** What holds every flow of a run back for a moment. */
export interface Brake {
  /** Nothing may be sent while it is on. */
  isOn: boolean;
}

/** What a flow tells its pacer. */
export interface PacedFlow {
  /** Sends whatever may be sent now: time has come, or room has been made. */
  pump(): void;
  /** Messages in flight, those begun to be sent included. */
  readonly inFlight: number;
}

/**
 * The phases of a flow, and the times of its messages: a phase (the warm-up, the
 * measuring) begins with a tally, ends when its schedule has nothing more and
 * everything is settled, or when the flow fails or is stopped.
 */
export class Pacer {
  /** Why the flow is over before its end. */
  failure: Failure | undefined;
  readonly #flow: PacedFlow;
  readonly #brake: Brake;
  #tally: Tally | undefined;
  #phase: PromiseWithResolvers<void> | undefined;
  /** The schedule has nothing more for this phase. */
  #exhausted = true;
  /** When the message that is next is due, once it is claimed. */
  #due: number | undefined;
  /** When the last one was due. */
  #previous: number | undefined;
  /** It waits for its time. */
  #asleep = false;
  /** What is in flight holds the next message up, or did so until then. */
  #held = false;
  #heldUntil = 0;
  /** An observer has not done with the last event. */
  #observed: Promise<void> | undefined;

  constructor(flow: PacedFlow, brake: Brake) {
    this.#flow = flow;
    this.#brake = brake;
  }

  /** What the current phase is counted by; there is none before the first. */
  get tally(): Tally | undefined {
    return this.#tally;
  }

  /** Begins a phase; resolves at its end. */
  begin(tally: Tally): Promise<void> {
    if (this.failure) return Promise.resolve();
    this.#tally = tally;
    this.#exhausted = false;
    this.#phase = Promise.withResolvers();
    const { promise } = this.#phase;
    this.#flow.pump();
    return promise;
  }

  /**
   * Takes the next message, where it may begin now. Where it may not, the flow
   * is pumped again when its time has come; where there is none, the phase ends
   * once everything is settled.
   *
   * @param time What time it is, in microseconds of the clock.
   * @param hasRoom Whether what is in flight leaves room for it.
   * @returns When it was due.
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
    this.#due ??= schedule.claim(time, this.#previous);
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

  /** Notes that the path held up what was due until now. */
  hold(time: number): void {
    this.#held = false;
    this.#heldUntil = time;
  }

  /** Whether the path, and not the client, held up a message that was due then. */
  wasHeld(due: number): boolean {
    return due <= this.#heldUntil;
  }

  /** Ends the phase where nothing more is to be sent or to come. */
  settle(): undefined {
    if (this.#exhausted && this.#flow.inFlight === 0) this.#phase?.resolve();
  }

  /** Sends nothing more in this phase; what is in flight may still come back. */
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

  /** Sends nothing more until an observer has done with an event. */
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
