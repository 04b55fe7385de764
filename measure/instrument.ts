/**
 * Checking the client itself: where it cannot keep up, it measures itself and not
 * the path.
 *
 * @module
 */
import process from "node:process";
import type { FlowShares, InstrumentCheck } from "../events/mod.ts";
import { now } from "../net/clock.ts";
import { formatDuration, plural } from "../text/format.ts";
import type { Histogram } from "./histogram.ts";
import { watchLoop } from "./loop_watch.ts";
import type { Tally } from "./tally.ts";

/** Above this share of a processor, the client itself may be the bottleneck. */
const BUSY = 0.9;

/** A shorter run, in microseconds, is dominated by its own start-up. */
const LONG_ENOUGH = 500_000;

/**
 * An event loop this late at its 99th percentile, in microseconds, adds to the
 * delays; a millisecond or two is the timers' own resolution.
 */
const LATE_LOOP = 5000;

/** An event loop that stood still for this long, in microseconds, is reported. */
const STANDSTILL = 100_000;

/** Below this value of Jain's fairness index, flows are served unevenly. */
const UNEVEN = 0.9;

/** An answer that lay unread for this long, in microseconds, is reported. */
const LONG_UNREAD = 100_000;

/** Fewer answers on each flow say nothing about fairness. */
const FEW_ANSWERS = 10;

/**
 * Datagrams that a socket's buffer surely holds while nobody reads it (Linux: 208
 * KiB, of which a small datagram takes 768 bytes).
 */
const BUFFERED_DATAGRAMS = 250;

/** Above this share of messages sent late by the client itself, it is reported. */
const LATE_SHARE = 0.01;

/** Observes the client's own timers and processor time during a run. */
export class Instrument {
  readonly #lateness: Histogram;
  #largest = 0;
  readonly #start = now();
  readonly #cpuStart = process.cpuUsage();
  /** Once stopped: processor time and length, in microseconds. */
  #observed: { cpuTime: number; length: number } | undefined;
  readonly #endWatch: () => void;

  /** @param lateness Records how late the timers are. */
  constructor(lateness: Histogram) {
    this.#lateness = lateness;
    this.#endWatch = watchLoop((late) => {
      this.#lateness.record(late);
      this.#largest = Math.max(this.#largest, late);
    });
  }

  /** Stops observing: what follows is not measured. */
  stop(): void {
    this.#endWatch();
    this.#observed ??= this.#observe();
  }

  #observe(): { cpuTime: number; length: number } {
    const { user, system } = process.cpuUsage(this.#cpuStart);
    return { cpuTime: user + system, length: now() - this.#start };
  }

  /** What it observed so far. */
  observed(): Observed {
    return {
      lateness: this.#lateness,
      largest: this.#largest,
      ...this.#observed ?? this.#observe(),
    };
  }
}

/** What was observed of a client, in microseconds. */
export interface Observed {
  /** How late its timers were. */
  lateness: Histogram;
  /** The latest. */
  largest: number;
  /** Processor time of the whole process. */
  cpuTime: number;
  /** How long it was observed. */
  length: number;
}

/**
 * What was observed of a client, with warnings about a run's figures.
 *
 * @param tally The counts of the run.
 * @param unread The longest that an answer lay unread, in microseconds.
 * @param threads Threads that send and receive.
 */
export function checkInstrument(
  { lateness, cpuTime, length, ...observed }: Observed,
  tally: Tally,
  unread: number | undefined,
  threads: number,
): InstrumentCheck {
  const cpuShare = cpuTime / length;
  const largest = Math.round(observed.largest);
  const percentile = (percent: number) =>
    Math.min(lateness.percentile(percent), largest);
  const p99 = percentile(99);
  const flows = tally.shares();
  const { isPaced } = tally.schedule;
  const most = Math.min(threads, navigator.hardwareConcurrency);
  const isBusy = !isPaced && length > LONG_ENOUGH && cpuShare > BUSY * most;
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
