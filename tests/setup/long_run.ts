/**
 * The output of a client that probes for hours, with outages at known times.
 *
 * @module
 */
import { Histogram } from "../../measure/histogram.ts";
import { RoundTrips } from "../../measure/round_trips.ts";

/** What a test wants of a long run. */
export interface LongRun {
  /** When it begins, in milliseconds since 1970. */
  from: number;
  /** How long it is, in seconds. */
  seconds: number;
  /** From one interval event to the next, in seconds. */
  every: number;
  /** Messages a second. */
  rate?: number;
  /** When the path is down, in seconds from the start. */
  outages?: [from: number, to: number][];
  /** The label of its target. */
  label?: string;
  /** Its target, where it is one of several. */
  of?: string;
  /** It was killed: there is no result. */
  isKilled?: boolean;
}

/** A delay in microseconds: most are near 2 ms, one in fifty is much longer. */
function delayOf(sequence: number): number {
  const noise = (sequence * 2654435761 % 4294967296) / 4294967296;
  return Math.round(1800 + 400 * noise + (noise > 0.98 ? 40_000 * noise : 0));
}

/** The lines that it prints. */
export async function* longRunLines(run: LongRun): AsyncGenerator<string> {
  const { from, seconds, every, rate = 5, outages = [], of, label } = run;
  const time = (at: number) => new Date(from + at * 1e3).toISOString();
  const line = (at: number, event: Record<string, unknown>) =>
    JSON.stringify({
      ...event,
      role: "udp-client",
      time: time(at),
      schema: 2,
      of_target: of,
    });
  const isDown = (at: number) =>
    outages.some(([began, ended]) => at >= began && at < ended);
  yield line(0, {
    event: "started",
    target: "192.0.2.1",
    peer_host: "192.0.2.1",
    peer_port: 7000,
    label,
    service: "echo",
    size: 64,
    connections: 1,
    interval_us: 1e6 / rate,
    timeout_us: 1e6,
  });
  const listed = outages.map(([began, ended]) => ({
    began: time(began),
    ended: time(ended),
    outage_us: 1e6 * (ended - began),
    uncertainty_us: 1e6 / rate,
    first_sequence: Math.round(began * rate) + 1,
    last_sequence: Math.round(ended * rate),
  }));
  const all = new RoundTrips(await Histogram.create());
  const recent = new RoundTrips(await Histogram.create());
  const counts = (sent: number, received: number) => ({
    messages_sent: sent,
    messages_received: received,
    bytes_sent: 64 * sent,
    bytes_received: 64 * received,
  });
  const speed = (sent: number, received: number, length: number) => ({
    messages_per_second: received / length,
    sent_bytes_per_second: 64 * sent / length,
    received_bytes_per_second: 64 * received / length,
  });
  let told = 0;
  let sequence = 0;
  let lost = 0;
  for (let end = every; end <= seconds; end += every) {
    const before = { sequence, lost };
    while (sequence < end * rate) {
      const at = sequence++ / rate;
      if (isDown(at)) lost++;
      else recent.record(delayOf(sequence));
    }
    for (; told < listed.length && outages[told][1] <= end; told++) {
      const { began, uncertainty_us, first_sequence } = listed[told];
      const beginning = { began, uncertainty_us, first_sequence };
      yield line(outages[told][0] + 1, { event: "outage-began", ...beginning });
      yield line(outages[told][1], { event: "outage-ended", ...listed[told] });
    }
    all.add(recent);
    const sent = sequence - before.sequence;
    yield line(end, {
      event: "interval",
      began: time(end - every),
      elapsed_us: 1e6 * end,
      interval_us: 1e6 * every,
      ...counts(sent, sent - (lost - before.lost)),
      ...speed(sent, sent - (lost - before.lost), every),
      lost: lost - before.lost,
      rtt_us: every < 10 ? recent.percentiles() : recent.summary(),
      rtt_so_far_us: every < 10 && end % 60 === 0 ? all.summary() : undefined,
    });
    recent.reset();
  }
  const open = outages[told];
  if (open !== undefined) {
    yield line(open[0] + 1, {
      event: "outage-began",
      began: time(open[0]),
      uncertainty_us: 1e6 / rate,
      first_sequence: Math.round(open[0] * rate) + 1,
    });
  }
  if (run.isKilled) return;
  const lengths = listed.map(({ outage_us }) => outage_us);
  const total = lengths.reduce((sum, each) => sum + each, 0);
  yield line(seconds, {
    event: "result",
    passed: true,
    ...counts(sequence, sequence - lost),
    duration_us: 1e6 * seconds,
    rtt_us: all.summary(),
    datagrams: { lost, strays: 0 },
    measured: {
      errors: 0,
      outages: {
        count: listed.length,
        total_us: total,
        longest_us: Math.max(0, ...lengths),
        availability_percent: Math.round(1e6 * (1 - total / 1e6 / seconds)) /
          1e4,
        listed,
      },
      instrument: {
        timer_lateness_us: { p50: 1, p99: 2, max: 3 },
        cpu_share: 0.1,
        warnings: [],
      },
      ...speed(sequence, sequence - lost, seconds),
    },
  });
}

/** The same as a file's text. */
export async function longRunText(run: LongRun): Promise<string> {
  return (await Array.fromAsync(longRunLines(run))).join("\n") + "\n";
}
