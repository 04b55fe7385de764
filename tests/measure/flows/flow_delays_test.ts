import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  countDelay,
  noDelays,
  percentile,
} from "../../../measure/flows/flow_delays.ts";

const counted = (delays: number[]) => {
  const counts = noDelays();
  for (const delay of delays) countDelay(counts, delay);
  return counts;
};

Deno.test("a flow's percentiles are within 3 % of the exact ones", () => {
  const delays = fc.array(fc.integer({ min: 1, max: 60_000_000 }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(delays, fc.constantFrom(50, 99, 100), (delays, percent) => {
      const sorted = delays.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(percent / 100 * delays.length - 1e-9) - 1];
      const found = percentile(counted(delays), percent, delays.length)!;
      assert(Math.abs(found - exact) <= 0.03 * exact, `${found}, not ${exact}`);
    }),
  );
});

Deno.test("a flow's delays beyond the range count as its ends", () => {
  assertEquals(percentile(counted([-5]), 50, 1), 0);
  const [most] = [percentile(counted([1e12]), 50, 1)!];
  assert(most > 65e6 && most < 2 ** 26, `${most}`);
});

Deno.test("a flow without delays has no percentile", () => {
  assertEquals(percentile(noDelays(), 50, 0), undefined);
});
