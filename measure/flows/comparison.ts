/**
 * Which flows of a run fare worse than the rest: behind a bonded link or equal-cost
 * paths, those whose ports choose a bad member.
 *
 * Each flow is compared with all others together, by two one-sided tests (Fisher's
 * exact test), and a difference must also be large enough to matter.
 *
 * - Loss: the flow lost more of its messages, and lost some in more of the tenths of
 *   a second in which it sent. Losses come in bursts; the first test alone would take
 *   each message of a burst for evidence of its own, the second would take a flow
 *   that sends more for one that loses more. Its share is half as much again as the
 *   others'.
 * - Delay: more of the flow's round trips took longer than the median of the others'
 *   (Mood's median test). Its own median is beyond theirs by a tenth, by a millisecond,
 *   by how late the client's own timers are, and by several times what the flows
 *   differ from each other anyway.
 *
 * Messages that the client sent late are left out.
 *
 * Where all flows fare alike, a run names one with a probability of at most
 * {@linkcode FALSE_ALARMS}: that is divided by the number of tests (Bonferroni).
 *
 * @module
 */
import type { FlowComparison, FlowFigures } from "../../events/mod.ts";
import { fisher, type Occurrences } from "./fisher.ts";
import { countBeyond, noDelays, percentile, placeOf } from "./flow_delays.ts";
import type { FlowTally } from "./flow_tally.ts";

/** The probability that a run in which all flows fare alike names one. */
const FALSE_ALARMS = 1e-4;

/** Tests of each flow. */
const TESTS = 2;

/** A flow's loss is at least so many times the others'. */
const MORE_LOSS = 1.5;

/**
 * A flow's median is beyond the others' by this share of theirs, by this many
 * microseconds, and by so many times the median distance of all flows' medians from
 * the middle one: a client serves its flows in turns, so that some are a little
 * slower in each run. It is also beyond how late the client's own timers are: with a
 * rate, what the client does on a beat of its own hits the same flows again and again.
 */
const MORE_DELAY = 0.1;
const LEAST_DELAY = 1000;
const SPREADS = 6;

/**
 * Delays of a shorter run say nothing: a client's own start falls on the flows as it
 * happens. In slots in which the flow sent, a tenth of a second each.
 */
const FEWEST_SLOTS = 10;

/** The most flows in a result: the worst ones. */
const MOST_LISTED = 1000;

/** What a comparison needs to know besides the counts. */
export interface ComparedFlows {
  /** Their source ports. */
  ports: readonly number[];
  /** Whether a message can be lost, as a datagram can. */
  knowsLoss: boolean;
  /** How late the client's own timers ran, at their 99th percentile, in microseconds. */
  lateness: number;
  /** Whether the client left answers unread: their delays are then its own doing. */
  isUnread: boolean;
}

/** Compares the flows of a run; `undefined` where there is but one. */
export function compareFlows(
  tally: FlowTally,
  { ports, knowsLoss, lateness, isUnread }: ComparedFlows,
): FlowComparison | undefined {
  if (tally.flows < 2) return undefined;
  const limit = FALSE_ALARMS / (TESTS * tally.flows);
  const loss = knowsLoss ? judgeLoss(tally, limit) : [];
  const delay = tally.hasDelays && !isUnread
    ? judgeDelay(tally, limit, lateness)
    : [];
  const each = ports.map((local_port, flow): FlowFigures => {
    const timed = tally.timedBy[flow];
    const counts = tally.delaysBy[flow];
    const worse_by = [
      ...loss[flow] === "worse" ? ["loss" as const] : [],
      ...delay[flow] === "worse" ? ["delay" as const] : [],
    ];
    return {
      connection: flow + 1,
      local_port,
      sent: tally.sentBy[flow],
      lost: knowsLoss ? tally.lostBy[flow] : undefined,
      p50_us: counts && percentile(counts, 50, timed),
      p99_us: counts && percentile(counts, 99, timed),
      worse_by: worse_by.length > 0 ? worse_by : undefined,
    };
  });
  const unjudged =
    each.filter((_, flow) =>
      (loss[flow] ?? "unknown") === "unknown" &&
      (delay[flow] ?? "unknown") === "unknown"
    ).length;
  return {
    count: tally.flows,
    bad: unjudged === tally.flows
      ? undefined
      : each.filter(({ worse_by }) => worse_by).length,
    unjudged,
    each: each.toSorted(worstFirst).slice(0, MOST_LISTED),
  };
}

/** `unknown`: there is too little to find a difference in. */
type Judgement = "worse" | "alike" | "unknown";

function judgeLoss(tally: FlowTally, limit: number): Judgement[] {
  const { timelyBy, timelyLostBy, slotsBy, lossySlotsBy } = tally;
  const messages = [total(timelyLostBy), total(timelyBy)];
  const slots = [total(lossySlotsBy), total(slotsBy)];
  return Array.from(timelyBy, (sent, flow) => {
    const one: Occurrences = { hits: timelyLostBy[flow], of: sent };
    const others = rest(messages, one);
    const oneSlots = { hits: lossySlotsBy[flow], of: slotsBy[flow] };
    const otherSlots = rest(slots, oneSlots);
    const isMore = one.hits > 0 && shareOf(one) >= MORE_LOSS * shareOf(others);
    if (
      isMore && fisher(one, others) <= limit &&
      fisher(oneSlots, otherSlots) <= limit
    ) return "worse";
    const allLost = { hits: oneSlots.of, of: oneSlots.of };
    return fisher(allLost, otherSlots) <= limit ? "alike" : "unknown";
  });
}

function judgeDelay(
  tally: FlowTally,
  limit: number,
  lateness: number,
): Judgement[] {
  const { timedBy, delaysBy, slotsBy } = tally;
  const medians = delaysBy.map((counts, flow) =>
    counts && percentile(counts, 50, timedBy[flow])
  );
  const known = medians.filter((each) => each !== undefined);
  const middle = median(known);
  const spread = median(known.map((each) => Math.abs(each - middle)));
  const all = noDelays();
  for (const counts of delaysBy) counts?.forEach((n, i) => all[i] += n);
  const timed = total(timedBy);
  const others = noDelays();
  return medians.map((own, flow) => {
    const counts = delaysBy[flow];
    if (own === undefined || counts === undefined) return "unknown";
    const one = timedBy[flow];
    for (let i = 0; i < all.length; i++) others[i] = all[i] - counts[i];
    const place = placeOf(others, 50, timed - one);
    if (place < 0 || slotsBy[flow] < FEWEST_SLOTS) return "unknown";
    const theirs = { hits: countBeyond(others, place), of: timed - one };
    if (fisher({ hits: one, of: one }, theirs) > limit) return "unknown";
    const beyond = own - percentile(others, 50, timed - one)!;
    const least = Math.max(
      MORE_DELAY * (own - beyond),
      LEAST_DELAY,
      lateness,
      SPREADS * spread,
    );
    const hits = countBeyond(counts, place);
    return beyond >= least && fisher({ hits, of: one }, theirs) <= limit
      ? "worse"
      : "alike";
  });
}

function total(numbers: Float64Array): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

/** All but one. */
function rest([hits, of]: number[], one: Occurrences): Occurrences {
  return { hits: hits - one.hits, of: of - one.of };
}

function shareOf({ hits, of }: Occurrences): number {
  return of === 0 ? 0 : hits / of;
}

/** Of an even number the lower one: half of the flows may be bad. */
function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
}

/** Those that differ come first, then by loss, then by delay. */
function worstFirst(a: FlowFigures, b: FlowFigures): number {
  return (b.worse_by?.length ?? 0) - (a.worse_by?.length ?? 0) ||
    lossOf(b) - lossOf(a) ||
    (b.p50_us ?? 0) - (a.p50_us ?? 0) ||
    (b.p99_us ?? 0) - (a.p99_us ?? 0) ||
    a.connection - b.connection;
}

function lossOf({ lost = 0, sent }: FlowFigures): number {
  return shareOf({ hits: lost, of: sent });
}
