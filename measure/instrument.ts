/**
 * Watching the instrument itself: what a client measures is worth no more than
 * it can keep up with.
 *
 * @module
 */
import process from "node:process";
import type { FlowShares, InstrumentCheck } from "../events/mod.ts";
import { now } from "../net/clock.ts";
import { formatDuration, plural } from "../text/format.ts";
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

/** A loop that stood still for so long once, in microseconds, is told of. */
const STANDSTILL = 100_000;

/** Flows are served unevenly below this fairness index, or where an answer lay unread for so many microseconds. */
const UNEVEN = 0.9;
const LONG_UNREAD = 100_000;

/** So few answers on each flow say nothing about how evenly they were served. */
const FEW_ANSWERS = 10;

/**
 * Datagrams that a socket's buffer surely holds while nobody reads it (Linux: 208
 * KiB, of which a small datagram takes 768 bytes).
 */
const BUFFERED_DATAGRAMS = 250;

/** More than this share of messages sent late by the client itself is told. */
const LATE_SHARE = 0.01;

/** Observes the client's own timers and processor time during a run. */
export class Instrument {
  readonly #lateness: Histogram;
  #largest = 0;
  readonly #start = now();
  readonly #cpuStart = process.cpuUsage();
  /** Once it looks no further: processor time and length, in microseconds. */
  #cpuTime: number | undefined;
  #length: number | undefined;
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

  /** Looks no further: what follows is not measured. */
  stop(): void {
    clearTimeout(this.#timer);
    const { user, system } = process.cpuUsage(this.#cpuStart);
    this.#cpuTime ??= user + system;
    this.#length ??= now() - this.#start;
  }

  /**
   * What it saw, and what is to be said about a run's figures because of it.
   *
   * @param tally What the run came to.
   * @param unread The longest that an answer lay unread, in microseconds.
   */
  check(tally: Tally, unread: number | undefined): InstrumentCheck {
    this.stop();
    const length = this.#length!;
    const cpuShare = this.#cpuTime! / length;
    const largest = Math.round(this.#largest);
    const percentile = (percent: number) =>
      Math.min(this.#lateness.percentile(percent), largest);
    const p99 = percentile(99);
    const flows = tally.shares();
    const { isPaced } = tally.schedule;
    const isBusy = !isPaced && length > LONG_ENOUGH && cpuShare > BUSY;
    const warnings = [
      isBusy
        ? `the client itself used ${
          Math.round(cpuShare * 100)
        } % of a processor: it may have been the limit, not the path`
        : undefined,
      lateSends(tally),
      loopLateness(p99, largest),
      unread !== undefined && unread > LONG_UNREAD
        ? `the client itself left answers unread for up to ${
          formatDuration(unread)
        }: longer delays, and what each connection got, are its own doing`
        : uneven(flows),
      ownLoss(tally, largest, length),
    ];
    return {
      timer_lateness_us: { p50: percentile(50), p99, max: largest },
      cpu_share: Math.round(cpuShare * 1000) / 1000,
      flows,
      unread_us: unread && Math.round(unread),
      warnings: warnings.filter((warning) => warning !== undefined),
    };
  }
}

function lateSends(tally: Tally): string | undefined {
  const { lateByClient, messagesSent, schedule } = tally;
  if (!schedule.isOpenLoop || lateByClient <= LATE_SHARE * messagesSent) {
    return undefined;
  }
  return `the client itself was late with ${lateByClient} of ${
    plural(messagesSent, "message")
  }: the rate may be more than it can keep`;
}

function loopLateness(p99: number, largest: number): string | undefined {
  if (p99 > LATE_LOOP) {
    return `the client's own loop ran up to ${
      formatDuration(p99)
    } late (p99): longer delays may be its own`;
  }
  if (largest > STANDSTILL) {
    return `the client itself stood still for ${
      formatDuration(largest)
    }: delays of that length are its own`;
  }
}

function uneven(flows: FlowShares | undefined): string | undefined {
  const { jain, least = 0, median = 0 } = flows ?? {};
  if (jain === undefined || jain >= UNEVEN || median < FEW_ANSWERS) {
    return undefined;
  }
  return `its flows were served unevenly, the least with ${least} answers and half with ${median} at most: by the peer, the path, or the client itself`;
}

/** Whether datagrams may have been lost in the client's own sockets. */
function ownLoss(
  tally: Tally,
  lateness: number,
  length: number,
): string | undefined {
  const perSocket = tally.messagesReceived / tally.flows;
  const unread = perSocket * lateness / length;
  if (tally.lost === 0 || unread < BUFFERED_DATAGRAMS) return undefined;
  return `some of the lost may be the client's own: while it stood still for ${
    formatDuration(lateness)
  }, more came than a socket holds`;
}
