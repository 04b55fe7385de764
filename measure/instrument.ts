/**
 * Watching the instrument itself: what a client measures is worth no more than
 * it can keep up with.
 *
 * @module
 */
import process from "node:process";
import type { InstrumentCheck } from "../events/mod.ts";
import { now } from "../net/clock.ts";
import type { Histogram } from "./histogram.ts";
import type { Tally } from "./tally.ts";

/** How often the timers are looked at, in milliseconds. */
const PROBE_INTERVAL = 20;

/** A client that uses more than this of a processor may be what sets the pace. */
const BUSY = 0.9;

/** A run shorter than this, in microseconds, is busy with its own start. */
const LONG_ENOUGH = 500_000;

/**
 * A loop that runs this late at its 99th percentile, in microseconds, adds to
 * the delays; a millisecond or two is the timers' own resolution.
 */
const LATE_LOOP = 5000;

/** More than this share of messages sent late by the client itself is told. */
const LATE_SHARE = 0.01;

/** Observes the client's own timers and processor time during a run. */
export class Instrument {
  readonly #lateness: Histogram;
  #largest = 0;
  readonly #start = now();
  readonly #cpuStart = process.cpuUsage();
  #due = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param lateness Counts how late the timers are. */
  constructor(lateness: Histogram) {
    this.#lateness = lateness;
    this.#arm();
  }

  #arm(): void {
    this.#due = now() + PROBE_INTERVAL * 1000;
    this.#timer = setTimeout(() => {
      const late = Math.max(now() - this.#due, 0);
      this.#lateness.record(late);
      this.#largest = Math.max(this.#largest, late);
      this.#arm();
    }, PROBE_INTERVAL);
  }

  /** Looks no further. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** What it saw, and what is to be said about a run's figures because of it. */
  check(tally: Tally): InstrumentCheck {
    const { user, system } = process.cpuUsage(this.#cpuStart);
    const length = now() - this.#start;
    const cpuShare = (user + system) / length;
    const largest = Math.round(this.#largest);
    const percentile = (percent: number) =>
      Math.min(this.#lateness.percentile(percent), largest);
    const p99 = percentile(99);
    const warnings: string[] = [];
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    const { isOpenLoop, isPaced } = tally.schedule;
    if (!isPaced && length > LONG_ENOUGH && cpuShare > BUSY) {
      warnings.push(
        `the client itself used ${
          percent(cpuShare)
        } of a processor: it may have been the limit, not the path`,
      );
    }
    if (isOpenLoop && tally.lateByClient > LATE_SHARE * tally.messagesSent) {
      warnings.push(
        `the client itself was late with ${tally.lateByClient} of ${tally.messagesSent} messages: the rate may be more than it can keep`,
      );
    }
    if (p99 > LATE_LOOP) {
      warnings.push(
        `the client's own loop ran up to ${
          Math.round(p99 / 1000)
        } ms late (p99): longer delays may be its own`,
      );
    }
    return {
      timer_lateness_us: { p50: percentile(50), p99, max: largest },
      cpu_share: Math.round(cpuShare * 1000) / 1000,
      warnings,
    };
  }
}
