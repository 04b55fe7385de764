/**
 * Whether figures of two groups of runs differ by more than chance.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Samples, testFigures } from "../../report/significance.ts";

/** Hollander and Wolfe (1973), p. 69: the example of R's `wilcox.test`. */
const PERMEABILITY: Samples = [
  [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
  [1.15, 0.88, 0.90, 0.74, 1.21],
];

Deno.test("testFigures() gives the p values that R and SciPy give in their examples", () => {
  // wilcox.test(x, y, alternative = "g"): p-value = 0.1272.
  assertAlmostEquals(testFigures([PERMEABILITY]).p[0], 2 * 0.1272, 5e-5);
  // mannwhitneyu(males, females, method="exact"): 0.1111.
  const { p } = testFigures([[[19, 22, 16, 29, 24], [20, 11, 17, 12]]]);
  assertAlmostEquals(p[0], 1 / 9);
});

for (
  // Critical values of U at 0.05, two-sided, as tables have them.
  const [before, after, critical] of [
    [4, 4, 0],
    [5, 5, 2],
    [6, 6, 5],
    [8, 8, 13],
    [3, 5, 0],
    [4, 6, 2],
    [5, 8, 6],
  ]
) {
  Deno.test(`testFigures() has ${critical} as the critical U of ${before} and ${after} runs`, () => {
    assert(pOfU(before, after, critical) <= 0.05);
    assert(pOfU(before, after, critical + 1) > 0.05);
  });
}

/** The p of runs among which so many pairs have the one before larger. */
function pOfU(before: number, after: number, u: number): number {
  // Each before is larger than as many of those after as are left of U.
  const one = Array.from({ length: before }, (_, i) => {
    const larger = Math.min(Math.max(u - i * after, 0), after);
    return larger - 0.5 - i / 1000;
  });
  const other = Array.from({ length: after }, (_, i) => i);
  return testFigures([[one, other]]).p[0];
}

for (const runs of [1, 2, 3]) {
  Deno.test(`testFigures() can find nothing of ${runs} and ${runs} runs, however far apart`, () => {
    const low = Array.from({ length: runs }, (_, i) => i);
    const high = low.map((value) => value + 1e6);
    const { p, least } = testFigures([[low, high]]);
    const smallest = { 1: 1, 2: 1 / 3, 3: 0.1 }[runs];
    assertEquals([p[0], least], [smallest, smallest]);
  });
}

/** The same, by counting pairs in every assignment of the runs, each figure alone. */
function bruteForce(figures: readonly Samples[]): number[] {
  const [[before, after]] = figures;
  const total = before.length + after.length;
  const masks = Array.from({ length: 2 ** total }, (_, mask) => mask)
    .filter((mask) =>
      bits(mask, total).filter(Boolean).length === before.length
    );
  const observed = 2 ** before.length - 1;
  const distance = ([one, other]: Samples, mask: number) => {
    const all = [...one, ...other];
    const inside = bits(mask, total);
    let pairs = 0;
    for (let i = 0; i < total; i++) {
      for (let j = 0; j < total; j++) {
        if (inside[i] && !inside[j]) pairs += Math.sign(all[i] - all[j]);
      }
    }
    return Math.abs(pairs);
  };
  const alone = figures.map((figure) => {
    const distances = masks.map((mask) => distance(figure, mask));
    return new Map(masks.map((mask, i) => [
      mask,
      distances.filter((other) => other >= distances[i]).length,
    ]));
  });
  return alone.map((tails) =>
    masks.filter((mask) =>
      alone.some((of) => of.get(mask)! <= tails.get(observed)!)
    ).length / masks.length
  );
}

function bits(mask: number, total: number): boolean[] {
  return Array.from({ length: total }, (_, i) => (mask >> i & 1) === 1);
}

Deno.test("testFigures() agrees with counting all partings, ties and several figures included", () => {
  const sizes = fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 4 }),
  );
  const figures = sizes.chain(([one, other]) => {
    const value = (length: number) =>
      fc.array(fc.nat(5), { minLength: length, maxLength: length });
    return fc.array(fc.tuple(value(one), value(other)), {
      minLength: 1,
      maxLength: 3,
    });
  });
  fc.assert(fc.property(figures, (figures) => {
    const { p } = testFigures(figures);
    for (const [i, expected] of bruteForce(figures).entries()) {
      assertAlmostEquals(p[i], expected, 1e-12);
    }
  }));
});

Deno.test("testFigures() takes figures that go together for one, and others for several", () => {
  const shift: Samples = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]];
  const noise: Samples = [[1, 10, 3, 8, 5], [6, 7, 2, 9, 4]];
  assertEquals(testFigures([shift, shift, shift]).p, Array(3).fill(2 / 252));
  assertEquals(testFigures([shift, noise]).p[0], 4 / 252);
});

Deno.test("testFigures() of many runs draws partings, with nearly the same p, and the same each time", () => {
  // Of 9 and 9 runs there are 48,620.
  const spread = (count: number, by: number) =>
    Array.from({ length: count }, (_, i) => 2 * i + by);
  const drawn: Samples = [spread(9, 0), spread(9, 3.9)];
  const [p] = testFigures([drawn]).p;
  assertEquals(testFigures([drawn]).p, [p]);
  const { least } = testFigures([drawn]);
  assert(least <= 3 / 20_000, String(least));
  const exact = exactP(9, 9, drawn);
  assertAlmostEquals(p, exact, 4 * Math.sqrt(exact * (1 - exact) / 20_000));
});

/** By the recurrence of Mann and Whitney (1947) for the numbers of ways; no ties. */
function exactP(one: number, other: number, [before, after]: Samples): number {
  const ways = (m: number, n: number, u: number): number => {
    if (u < 0) return 0;
    if (m === 0 || n === 0) return u === 0 ? 1 : 0;
    const key = `${m} ${n} ${u}`;
    const known = memory.get(key);
    if (known !== undefined) return known;
    const count = ways(m - 1, n, u - n) + ways(m, n - 1, u);
    memory.set(key, count);
    return count;
  };
  const memory = new Map<string, number>();
  const pairs = before.flatMap((x) => after.filter((y) => x > y)).length;
  const u = Math.min(pairs, one * other - pairs);
  const counts = Array.from(
    { length: one * other + 1 },
    (_, i) => ways(one, other, i),
  );
  const sum = (some: number[]) => some.reduce((all, count) => all + count, 0);
  return Math.min(2 * sum(counts.slice(0, u + 1)) / sum(counts), 1);
}

Deno.test("testFigures() calls no more than one of twenty comparisons different where nothing is", () => {
  // Six figures, of which four go together, in 6 and 6 runs, by a fixed sequence.
  let state = 1;
  const random = () => {
    state = state * 48271 % 0x7fffffff;
    return state / 0x7fffffff;
  };
  const COMPARISONS = 1000;
  let alarms = 0;
  for (let i = 0; i < COMPARISONS; i++) {
    const runs = Array.from({ length: 12 }, () => {
      const common = random();
      return [0.1, 0.2, 0.3, 0.4].map((part) => common + part * random())
        .concat(random(), random());
    });
    const figures = [0, 1, 2, 3, 4, 5].map((figure): Samples => {
      const values = runs.map((run) => run[figure]);
      return [values.slice(0, 6), values.slice(6)];
    });
    if (testFigures(figures).p.some((p) => p <= 0.05)) alarms++;
  }
  // By 0.05, 50 are expected at most, with a deviation of 7.
  assert(alarms <= 75, `${alarms} of ${COMPARISONS}`);
  assert(alarms > 10, `${alarms} of ${COMPARISONS}: it finds too little`);
});
