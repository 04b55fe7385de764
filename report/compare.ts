/**
 * Is a run worse than another?
 *
 * @module
 */
import { formatDuration, formatRate, formatShare } from "../text/format.ts";
import { type Measurements, mergeMeasurements } from "./measurements.ts";

/** A figure of two runs side by side. */
export interface ComparedFigure {
  /** Its name. */
  name: string;
  /** What it was before, as text; empty where there is no such figure. */
  base: string;
  /** What it is now, as text. */
  now: string;
  /** By how much it changed, in percent of what it was; absent where that says nothing. */
  change?: number;
  /** `worse` and `better`: by more than the threshold. `too few`: a percentile of too few messages to be judged. */
  judgement: "worse" | "better" | "same" | "too few" | "no figure";
}

/** Two runs side by side. */
export interface Comparison {
  /** Figure by figure. */
  figures: ComparedFigure[];
  /** Whether any figure is worse. */
  isWorse: boolean;
}

const PERCENTILES = [["p50", 50], ["p90", 90], ["p99", 99], [
  "p99.9",
  99.9,
]] as const;

/**
 * A percentile is judged where so many messages lie beyond it: below, it is the
 * delay of a few messages, and differs from run to run by itself.
 */
const FEWEST_BEYOND = 10;

/**
 * Compares runs with others: percentile by percentile, and by rate, loss,
 * corruption and errors. Several runs on a side count as one. Whether their
 * settings let them be compared is what {@linkcode differingSettings} says.
 *
 * @param base The runs before.
 * @param now The runs after.
 * @param threshold By how many percent a figure may be worse.
 */
export async function compareRuns(
  base: readonly Measurements[],
  now: readonly Measurements[],
  threshold: number,
): Promise<Comparison> {
  const [before, after] = await Promise.all(
    [base, now].map(mergeMeasurements),
  );
  const factor = 1 + threshold / 100;
  const figures: ComparedFigure[] = [];

  for (const [name, percent] of PERCENTILES) {
    const [one, other] = [before.rtt_us?.[name], after.rtt_us?.[name]];
    const fewest = Math.min(
      before.rtt_us?.count ?? 0,
      after.rtt_us?.count ?? 0,
    );
    const judged = judge(one, other, factor);
    const isFew = fewest * (100 - percent) / 100 < FEWEST_BEYOND;
    figures.push({
      name,
      base: one === undefined ? "" : formatDuration(one),
      now: other === undefined ? "" : formatDuration(other),
      ...judged,
      judgement: isFew && judged.judgement !== "no figure"
        ? "too few"
        : judged.judgement,
    });
  }

  const rates = [meanRate(base), meanRate(now)];
  figures.push({
    name: "messages/s",
    base: formatRate(rates[0]),
    now: formatRate(rates[1]),
    // More is better.
    ...judge(inverse(rates[0]), inverse(rates[1]), factor),
    change: relative(rates[0], rates[1]),
  });

  for (const name of ["lost", "corrupted", "errors"] as const) {
    const [one, other] = [before[name], after[name]];
    const share = (number: number, sent: number) => number / Math.max(sent, 1);
    figures.push({
      name,
      base: one === undefined ? "" : formatCount(one, before.sent),
      now: other === undefined ? "" : formatCount(other, after.sent),
      ...judge(
        one === undefined ? undefined : share(one, before.sent),
        other === undefined ? undefined : share(other, after.sent),
        factor,
      ),
    });
  }
  return {
    figures,
    isWorse: figures.some(({ judgement }) => judgement === "worse"),
  };
}

function meanRate(runs: readonly Measurements[]): number {
  const total = runs.reduce(
    (sum, { messages_per_second }) => sum + messages_per_second,
    0,
  );
  return total / runs.length;
}

/** What less of is better; of a run in which nothing came back there is no end. */
const inverse = (rate: number) => 1 / rate;

function relative(base: number, now: number): number | undefined {
  return base === 0 ? undefined : 100 * (now - base) / base;
}

function formatCount(count: number, sent: number): string {
  return count === 0 ? "0" : `${count} (${formatShare(count, sent)})`;
}

/** Judges a figure of which less is better. */
function judge(
  base: number | undefined,
  now: number | undefined,
  factor: number,
): Pick<ComparedFigure, "change" | "judgement"> {
  if (base === undefined || now === undefined) {
    return { judgement: "no figure" };
  }
  const judgement = now > base * factor
    ? "worse"
    : now * factor < base
    ? "better"
    : "same";
  return { change: relative(base, now), judgement };
}
