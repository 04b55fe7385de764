/**
 * Delays as curves.
 *
 * @module
 */
import { Histogram } from "../../measure/histogram.ts";
import type { DelaySummary } from "../../events/mod.ts";

/** Points of a curve from a power of ten to the next. */
const PER_DECADE = 24;

/** `10 ** (k / 24)`: the k-th point of a scale. */
export const scalePoint = (k: number): number => 10 ** (k / PER_DECADE);

/** A run's delays as two curves; each has its values by the point of its scale. */
export interface DelayCurves {
  /**
   * Delays in microseconds by percentile, drawn over one message in so many: 10
   * for the 90th, 100 for the 99th.
   */
  percentiles: Map<number, number>;
  /** Percent of the messages by delay in microseconds, from each point to the next. */
  shares: Map<number, number>;
}

/** The curves of a run's delays; `undefined` where it has no histogram. */
export async function curvesOf(
  { histogram, count, max }: DelaySummary,
): Promise<DelayCurves | undefined> {
  if (histogram === undefined || count === 0) return undefined;
  const counts = [...(await Histogram.decode(histogram)).counts()];
  const percentiles = new Map<number, number>();
  const shares = new Map<number, number>();
  let reached = 0;
  let k = 0;
  for (const [delay, number] of counts) {
    reached += number;
    // All points of the scale that this delay is the percentile of.
    while (
      scalePoint(k) <= count &&
      count - count / scalePoint(k) <= reached + count * 1e-9
    ) {
      percentiles.set(k++, Math.min(delay, max));
    }
    const bin = Math.floor(Math.log10(delay) * PER_DECADE + 1e-9);
    shares.set(bin, (shares.get(bin) ?? 0) + 100 * number / count);
  }
  return { percentiles, shares };
}
