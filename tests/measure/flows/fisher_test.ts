import { assertAlmostEquals, assertEquals } from "@std/assert";
import { fisher } from "../../../measure/flows/fisher.ts";

/** The same by adding up ratios of binomial coefficients, in whole numbers. */
function byCounting(
  [hits, of]: [number, number],
  [otherHits, otherOf]: [number, number],
): number {
  const choose = (n: number, k: number) => {
    let result = 1n;
    for (let i = 0; i < k; i++) result = result * BigInt(n - i) / BigInt(i + 1);
    return k > n ? 0n : result;
  };
  const all = hits + otherHits;
  let sum = 0n;
  for (let k = hits; k <= Math.min(of, all); k++) {
    if (all - k <= otherOf) sum += choose(of, k) * choose(otherOf, all - k);
  }
  const digits = 10n ** 30n;
  return Number(sum * digits / choose(of + otherOf, all)) / 1e30;
}

const test = (
  [hits, of]: [number, number],
  [otherHits, otherOf]: [number, number],
) => fisher({ hits, of }, { hits: otherHits, of: otherOf });

Deno.test("fisher() finds Fisher's own figure for the lady who tasted tea", () => {
  // Four cups of each kind, all told apart: one in 70; three of four: 17 in 70.
  assertAlmostEquals(test([4, 4], [0, 4]), 1 / 70, 1e-12);
  assertAlmostEquals(test([3, 4], [1, 4]), 17 / 70, 1e-12);
});

Deno.test("fisher() agrees with counting in whole numbers", () => {
  for (const  of of[1, 7, 60, 150]) {
    for (const hits of [0, 1, of >> 1, of]) {
      for (const others of [[0, 500], [3, 90], [400, 500]]) {
        const [otherHits, otherOf] = others;
        const expected = byCounting([hits, of], [otherHits, otherOf]);
        assertAlmostEquals(
          test([hits, of], [otherHits, otherOf]),
          expected,
          1e-9 * expected + 1e-29,
          `${hits} of ${of}, ${otherHits} of ${otherOf}`,
        );
      }
    }
  }
});

Deno.test("fisher() says nothing where nothing happened, or nothing could", () => {
  assertEquals(test([0, 0], [5, 10]), 1);
  assertEquals(test([0, 100], [0, 900]), 1);
  assertEquals(test([0, 100], [9, 900]), 1);
});

Deno.test("fisher() stays a probability with as many messages as a long run has", () => {
  const p = test([1200, 1e6], [63_000, 63e6]);
  assertEquals(p > 1e-12 && p < 1e-8, true, `${p}`);
});
