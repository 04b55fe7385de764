/**
 * The output of clients, generated with the delays that a test wants.
 *
 * @module
 */
import { RoundTrips } from "../../measure/round_trips.ts";
import { Histogram } from "../../measure/histogram.ts";
import type {
  DelaySummary,
  FlowComparison,
  FlowFigures,
  StartedEvent,
} from "../../mod.ts";

/** What a test wants of a run. */
export interface InputRun {
  /** Delays in microseconds, one for each message that came back. */
  delays: number[];
  /** Messages that did not come back; given, it is a run of the UDP client. */
  lost?: number;
  /** The peer's name. */
  target?: string;
  /** When it began. */
  time?: string;
  /** Its seconds, over which its messages are spread evenly. */
  seconds?: number;
  /** Why it failed. */
  failure?: string;
  /** Its flows compared. */
  flows?: FlowComparison;
  /** Settings that differ from the defaults. */
  settings?: Partial<StartedEvent>;
}

/** Flows compared, of which the fourth has lost more than the rest. */
export function comparedFlows(count: number): FlowComparison {
  const each = Array.from({ length: count }, (_, i): FlowFigures => ({
    connection: i + 1,
    local_port: 40_000 + i,
    sent: 100,
    lost: i === 3 ? 12 : 0,
    p50_us: 200 + i,
    p99_us: 300 + i,
    worse_by: i === 3 ? ["loss"] : undefined,
  }));
  return { count, bad: 1, unjudged: 0, each };
}

/** The summary of delays that a client would print. */
export async function summaryOf(delays: number[]): Promise<DelaySummary> {
  const trips = new RoundTrips(await Histogram.create());
  delays.forEach((delay) => trips.record(delay));
  return trips.summary()!;
}

/** The lines that a client prints of a run: started, a line a second, result. */
export async function linesOf(run: InputRun): Promise<string[]> {
  const { delays, lost, failure, seconds = 2, target = "192.0.2.1" } = run;
  const { time = "2026-01-02T03:04:05.000Z" } = run;
  const head = {
    role: lost === undefined ? "tcp-client" : "udp-client",
    time,
    schema: 2,
  };
  const rtt_us = await summaryOf(delays);
  const { histogram: _, ...percentiles } = rtt_us;
  const counts = (share: number) => {
    const received = delays.length * share;
    const sent = (delays.length + (lost ?? 0)) * share;
    return {
      messages_sent: sent,
      messages_received: received,
      bytes_sent: sent * 64,
      bytes_received: received * 64,
    };
  };
  const lostOf = (share: number) =>
    lost === undefined ? undefined : { lost: lost * share };
  const speed = {
    messages_per_second: delays.length / seconds,
    sent_bytes_per_second: (delays.length + (lost ?? 0)) * 64 / seconds,
    received_bytes_per_second: delays.length * 64 / seconds,
  };
  const events = [
    {
      event: "started",
      target,
      peer_host: "192.0.2.1",
      peer_port: 7000,
      service: "echo",
      size: 64,
      connections: 1,
      duration_us: seconds * 1e6,
      timeout_us: 5e6,
      ...run.settings,
    },
    ...Array.from({ length: seconds }, (_, i) => ({
      event: "interval",
      began: new Date(Date.parse(time) + i * 1000).toISOString(),
      elapsed_us: (i + 1) * 1e6,
      interval_us: 1e6,
      ...counts(1 / seconds),
      ...lostOf(1 / seconds),
      ...speed,
      rtt_us: percentiles,
    })),
    {
      event: "result",
      passed: failure === undefined,
      ...failure === undefined
        ? {}
        : { failure: { code: "expectation", message: failure } },
      ...counts(1),
      duration_us: seconds * 1e6,
      rtt_us,
      datagrams: lost === undefined ? undefined : {
        lost,
        corrupted: 0,
        late: 0,
        duplicates: 0,
        reordered: 0,
        reordering_distance: 0,
        strays: 0,
      },
      measured: {
        ...speed,
        errors: 0,
        flows: run.flows,
        instrument: {
          timer_lateness_us: { p50: 1, p99: 2, max: 3 },
          cpu_share: 0.5,
          warnings: [],
        },
      },
    },
  ];
  return events.map((event) => JSON.stringify({ ...event, ...head }));
}

/** The same as a file's text. */
export async function textOf(...runs: InputRun[]): Promise<string> {
  const lines = await Promise.all(runs.map(linesOf));
  return lines.flat().map((line) => `${line}\n`).join("");
}

/** So many delays, spread evenly over a range. */
export function evenly(count: number, from: number, to: number): number[] {
  return Array.from(
    { length: count },
    (_, i) => Math.round(from + (to - from) * i / (count - 1)),
  );
}
