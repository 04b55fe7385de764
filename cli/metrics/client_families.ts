/**
 * The metrics of a client: what its runs have measured so far.
 *
 * @module
 */
import type { Transport, UdpService } from "../../events/mod.ts";
import type { Distribution } from "../../measure/round_trips.ts";
import type { RunCounts, RunInProgress } from "../../measure/run.ts";
import {
  type Family,
  family,
  known,
  type Labels,
  NO_LABELS,
  type Sample,
} from "./family.ts";
import { Slices } from "./slices.ts";

/** A target of a client, and its run. */
export interface WatchedTarget {
  /** What names it among the others. */
  name: string;
  /** Looks at its latest run, once it has begun; kept when it is over. */
  look: () => RunInProgress | undefined | Promise<RunInProgress | undefined>;
  /** Whether that run is over. */
  isOver: boolean;
}

/** A client whose metrics are told. */
export interface WatchedClient {
  /** Its transport. */
  transport: Transport;
  /** What its peers do with what they receive. */
  service: UdpService;
  /** A name for this side. */
  source?: string;
  /** Its targets. */
  targets: readonly WatchedTarget[];
}

/**
 * The upper bounds of the delays' buckets, in microseconds: three in each decade,
 * from a local network's delays to those that a user takes for a failure.
 */
const BOUNDS: readonly number[] = [10, 100, 1e3, 1e4, 1e5, 1e6].flatMap(
  (decade) => [decade * 5, decade * 10, decade * 20],
).slice(0, -1);

/** Writes microseconds as seconds. */
const MICRO = 1e6;

const BUCKETS: readonly Labels[] = [
  ...BOUNDS.map((bound) => ({ le: String(bound / MICRO) })),
  { le: "+Inf" },
];
const SENT: Labels = { direction: "sent" };
const RECEIVED: Labels = { direction: "received" };

/** A target at the moment of a scrape. */
interface Reading {
  target: WatchedTarget;
  labels: Labels;
  /** Whether nothing comes back; `undefined` where that cannot be seen. */
  isDown: boolean | undefined;
  counts: RunCounts | undefined;
  delays: Distribution | undefined;
  /** Its counters' values at their highest so far, by name. */
  highest: Map<string, number>;
}

/** Makes the families of a client; each call reads its runs anew, one after the other. */
export function clientFamilies(
  client: WatchedClient,
): () => Promise<Family[]> {
  const { transport, service, source, targets } = client;
  const labelled = targets.map((target) => ({
    target,
    labels: {
      target: target.name,
      transport: transport.toLowerCase(),
      ...source === undefined ? {} : { source },
    },
    highest: new Map<string, number>(),
    look: undefined as WatchedTarget["look"] | undefined,
  }));
  const isTimed = service !== "discard" && service !== "chargen";
  const isAnswered = isTimed || service === "chargen" && transport === "UDP";
  return async () => {
    const readings: Reading[] = [];
    const slices = new Slices();
    for (const each of labelled) {
      const { look } = each.target;
      // Of several sizes, each has a run of its own, which counts anew.
      if (look !== each.look) {
        each.look = look;
        each.highest.clear();
      }
      const run = await look();
      readings.push({
        ...each,
        isDown: run?.isDown,
        counts: run?.counts(),
        delays: isTimed ? run?.distribution(BOUNDS) : undefined,
      });
      await slices.next();
    }
    const counter = (
      name: string,
      help: string,
      read: (counts: RunCounts) => number | undefined,
    ) =>
      family(
        "counter",
        `echosounder_${name}_total`,
        help,
        readings,
        (reading) => rising(name, reading, read),
      );
    return [
      family(
        "gauge",
        "echosounder_measuring",
        "Whether the target is being measured: 0 before its run has begun to measure, and when it is over.",
        readings,
        ({ target, labels, counts }) =>
          known(NO_LABELS, counts && !target.isOver ? 1 : 0, labels),
      ),
      family(
        "gauge",
        "echosounder_up",
        "Whether answers come back; 0 in an outage.",
        readings,
        ({ target, isDown, labels, counts }) =>
          known(NO_LABELS, counts && upOf(target, isDown, counts), labels),
      ),
      family(
        "histogram",
        "echosounder_rtt_seconds",
        "Round-trip delays (RFC 2681) of the messages answered, with a rate from their scheduled times.",
        readings,
        delaySamples,
      ),
      counter("sent", "Messages sent.", (counts) => counts.messages_sent),
      counter(
        "received",
        "Messages answered in time and intact.",
        (counts) => isAnswered ? counts.messages_received : undefined,
      ),
      counter(
        "lost",
        "Messages without an answer in time (RFC 6673, round-trip loss), or whose connection broke before it.",
        ({ datagrams, lost }) => datagrams?.lost ?? lost,
      ),
      counter(
        "unsent",
        "Messages that were due and could not be sent.",
        ({ unsent }) => unsent,
      ),
      counter(
        "outages",
        "Outages: times in which nothing came back, from the first message lost to the first answered.",
        ({ outages }) => outages?.count,
      ),
      counter(
        "outage_seconds",
        "The length of all outages.",
        ({ outages }) => outages && outages.total_us / MICRO,
      ),
      counter(
        "reconnects",
        "Connections made anew.",
        ({ reconnects }) => reconnects,
      ),
      counter(
        "corrupted",
        "Messages whose answer was not what was sent.",
        ({ datagrams }) => datagrams?.corrupted,
      ),
      counter(
        "late",
        "Answers that came after the timeout of their message.",
        ({ datagrams }) => datagrams?.late,
      ),
      counter(
        "duplicates",
        "Further copies of answers (RFC 5560).",
        ({ datagrams }) => datagrams?.duplicates,
      ),
      counter(
        "reordered",
        "Answers that came after one to a later message (RFC 4737).",
        ({ datagrams }) => datagrams?.reordered,
      ),
      counter(
        "late_sends",
        "Messages sent more than a millisecond after their scheduled time.",
        ({ late_sends }) => late_sends,
      ),
      counter(
        "errors",
        "Connections that failed (TCP), or failures to send and receive (UDP).",
        ({ errors }) => errors,
      ),
      family(
        "counter",
        "echosounder_bytes_total",
        "Bytes moved, by direction.",
        readings,
        ({ labels, counts }) => [
          ...known(SENT, counts?.bytes_sent, labels),
          ...known(RECEIVED, counts?.bytes_received, labels),
        ],
      ),
    ];
  };
}

/**
 * A counter of a target. What falls is taken for a restart by Prometheus, so it
 * stays where the count is taken back: of a message that its socket refuses, and
 * of an outage's last beat, before its end is known.
 */
function rising(
  name: string,
  { labels, counts, highest }: Reading,
  read: (counts: RunCounts) => number | undefined,
): Sample[] {
  const value = counts && read(counts);
  if (value === undefined) return [];
  highest.set(name, Math.max(value, highest.get(name) ?? 0));
  return known(NO_LABELS, highest.get(name), labels);
}

/** Whether a target answers; `undefined` where that cannot be seen, or not yet. */
function upOf(
  { isOver }: WatchedTarget,
  isDown: boolean | undefined,
  { messages_received, lost = 0, unsent, datagrams }: RunCounts,
): number | undefined {
  const isUnknown = messages_received + lost + unsent +
      (datagrams?.lost ?? 0) + (datagrams?.corrupted ?? 0) === 0;
  if (isOver || isUnknown || isDown === undefined) return undefined;
  return isDown ? 0 : 1;
}

function delaySamples({ delays, labels: shared }: Reading): Sample[] {
  if (delays === undefined) return [];
  const { within, count, sum } = delays;
  return [
    ...BUCKETS.map((labels, i) => ({
      part: "_bucket",
      shared,
      labels,
      value: within[i] ?? count,
    })),
    { part: "_sum", shared, labels: NO_LABELS, value: sum / MICRO },
    { part: "_count", shared, labels: NO_LABELS, value: count },
  ];
}
