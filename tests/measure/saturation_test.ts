/**
 * Telling by moving averages when a figure has settled.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  MovingAverage,
  roundTripsPerMinute,
} from "../../measure/saturation.ts";

/** After how many figures a moving average is stable; `undefined` where it never is. */
function stableAfter(figures: readonly number[]): number | undefined {
  const average = new MovingAverage();
  for (const [i, figure] of figures.entries()) {
    average.add(figure);
    if (average.isStable) return i + 1;
  }
}

Deno.test("a moving average is stable at the fourth of four equal figures, and not before", () => {
  assertEquals(stableAfter([5, 5, 5, 5, 5]), 4);
});

Deno.test("a moving average is not stable while a figure grows", () => {
  const doubling = Array.from({ length: 20 }, (_, i) => 2 ** i);
  assertEquals(stableAfter(doubling), undefined);
});

Deno.test("a moving average is stable some intervals after a figure has grown, not at once", () => {
  // The averages are 10, 15, 20, 25, 32.5, 37.5, 40, 40, 40. At the eighth the last
  // four have a standard deviation of 3.06, more than 5 % of 40, and then of 1.08.
  assertEquals(stableAfter([10, 20, 30, 40, 40, 40, 40, 40, 40]), 9);
});

Deno.test("a moving average sees through a figure that swings evenly", () => {
  const swinging = Array.from({ length: 20 }, (_, i) => i % 2 ? 80 : 120);
  const after = stableAfter(swinging);
  assertEquals(after !== undefined && after <= 6, true, String(after));
});

Deno.test("a moving average of nothing that moves is not stable: the path is not full", () => {
  assertEquals(stableAfter([0, 0, 0, 0, 0, 0]), undefined);
});

Deno.test("roundTripsPerMinute() leaves the longest twentieth out, and nothing else", () => {
  // Nineteen of 60 ms and one of 10 s: a thousand in a minute.
  const delays = [...Array(19).fill(60_000), 10_000_000];
  assertEquals(roundTripsPerMinute(delays), 1000);
  // With two of twenty that long, one counts: 18 of 60 ms and 10 s in 19.
  const worse = [...Array(18).fill(60_000), 10_000_000, 10_000_000];
  const mean = (18 * 60_000 + 10_000_000) / 19;
  assertEquals(roundTripsPerMinute(worse), Math.round(60e6 / mean));
});

Deno.test("roundTripsPerMinute() knows nothing without a delay, and takes a single one as it is", () => {
  assertEquals(roundTripsPerMinute([]), undefined);
  assertEquals(roundTripsPerMinute([100_000]), 600);
});
