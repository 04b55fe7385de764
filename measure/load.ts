/**
 * Bulk traffic beside a measurement: measuring runs without an end, of which only
 * the bytes count.
 *
 * @module
 */
import type { Failure, ResultEvent, Traffic } from "../events/mod.ts";
import type { MeasureOptions, RunInProgress } from "./run.ts";

/** Runs traffic until its signal aborts. */
export type LoadRun = (
  options: Required<Pick<MeasureOptions, "signal" | "onRun">>,
) => Promise<ResultEvent>;

/** Traffic that is under way. */
export class Load {
  /** Aborts when it has ended, by itself or because it was stopped. */
  readonly ended: AbortSignal;
  readonly #stopping: AbortController;
  readonly #runs: readonly RunInProgress[];
  readonly #results: Promise<ResultEvent[]>;

  private constructor(
    stopping: AbortController,
    runs: readonly RunInProgress[],
    results: Promise<ResultEvent[]>,
  ) {
    const ended = new AbortController();
    this.ended = ended.signal;
    this.#stopping = stopping;
    this.#runs = runs;
    this.#results = results;
    const end = () => ended.abort();
    results.then(end, end);
  }

  /**
   * Starts it; resolves once all of it is under way.
   *
   * @throws What a run throws that cannot start, such as `cannot-connect`.
   */
  static async start(
    runs: readonly LoadRun[],
    signal: AbortSignal,
  ): Promise<Load> {
    const stopping = new AbortController();
    const stop = AbortSignal.any([stopping.signal, signal]);
    const begun = runs.map(() => Promise.withResolvers<RunInProgress>());
    const results = Promise.all(
      runs.map((run, i) => run({ signal: stop, onRun: begun[i].resolve })),
    );
    const all = Promise.all(begun.map(({ promise }) => promise));
    try {
      // A run that fails before it begins is never under way.
      await Promise.race([all, results]);
    } catch (error) {
      stopping.abort();
      throw error;
    }
    return new Load(stopping, await all, results);
  }

  /** The bytes that it has moved so far. */
  moved(): Traffic {
    const figures = this.#runs.map((run) => run.figures());
    const sum = (read: (figures: Traffic) => number) =>
      figures.reduce((total, each) => total + (each ? read(each) : 0), 0);
    return {
      bytes_sent: sum(({ bytes_sent }) => bytes_sent),
      bytes_received: sum(({ bytes_received }) => bytes_received),
    };
  }

  /**
   * Stops it; resolves once nothing of it is in flight any more.
   *
   * @returns Why it failed; bulk datagrams are meant to be lost.
   */
  async stop(): Promise<Failure | undefined> {
    this.#stopping.abort();
    const results = await this.#results;
    return results.map(({ failure }) => failure)
      .find((failure) => failure !== undefined && failure.code !== "loss");
  }
}
