/**
 * Several runs before and after: what is worse, and what nobody can tell.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { METRIC_LIST } from "../../measure/metrics.ts";
import {
  type ComparedFigure,
  compareRuns,
  type Measurements,
  verdictLine,
} from "../../report/mod.ts";
import { run, runs } from "../setup/compared_runs.ts";

function figure(
  { figures }: ReturnType<typeof compareRuns>,
  name: string,
): ComparedFigure {
  return figures.find((figure) => figure.name === name)!;
}

const BEFORE = runs(100, 101, 102, 103, 104, 105);

Deno.test("compareRuns() compares the medians of several runs, and gives their ranges", () => {
  const comparison = compareRuns(
    BEFORE,
    runs(120, 122, 124, 160, 121, 123),
    10,
  );
  const { before, after, change, p, judgement } = figure(comparison, "p50");
  assertEquals(before, {
    value: 102.5,
    text: "103 µs",
    range: "100 µs to 105 µs",
    each: [100, 101, 102, 103, 104, 105],
  });
  assertEquals([after?.value, after?.range], [122.5, "120 µs to 160 µs"]);
  assertEquals(Math.round(change!), 20);
  assertEquals([p, judgement], [2 / 924, "worse"]);
  assertEquals(comparison.verdict, "worse");
  assertEquals(
    verdictLine(comparison),
    "worse by more than 10 % (p at most 0.05): p50, p99",
  );
});

Deno.test("compareRuns() finds what is beyond chance and within the threshold the same", () => {
  const comparison = compareRuns(
    BEFORE,
    runs(106, 107, 108, 109, 110, 111),
    10,
  );
  const { p, judgement } = figure(comparison, "p50");
  assertEquals([p, judgement], [2 / 924, "same"]);
  assertEquals(comparison.verdict, "not worse");
});

Deno.test("compareRuns() finds what is beyond the threshold and may be chance unclear", () => {
  const comparison = compareRuns(
    runs(100, 200, 110, 190, 120, 180),
    runs(105, 300, 170, 250, 90, 260),
    10,
  );
  const { p, change, judgement } = figure(comparison, "p50");
  assert(change! > 10 && p! > 0.05, `${change} ${p}`);
  assertEquals([judgement, comparison.verdict], ["unclear", "not worse"]);
  assertEquals(
    verdictLine(comparison),
    "nothing is found worse by more than 10 % (p at most 0.05); unclear: p50, p99",
  );
});

Deno.test("compareRuns() finds fewer losses better, by each run's share", () => {
  const lossy = [5, 6, 7, 8, 9, 10].map((lost) => run({ p50: 100, lost }));
  const clean = lossy.map(() => run({ p50: 100 }));
  const comparison = compareRuns(lossy, clean, 10);
  const { before, after, judgement } = figure(comparison, "loss");
  assertEquals([before?.text, before?.range, after?.text, after?.range], [
    "0.075 %",
    "0.05 % to 0.1 %",
    "0 %",
    undefined,
  ]);
  assertEquals([judgement, comparison.verdict], ["better", "not worse"]);
});

for (
  const [before, after] of [[1, 6], [2, 2], [3, 3], [6, 1]] as const
) {
  Deno.test(`compareRuns() tells nothing by ${before} and ${after} runs, however far apart`, () => {
    const comparison = compareRuns(
      BEFORE.slice(0, before),
      runs(1000, 1001, 1002, 1003, 1004, 1005).slice(0, after),
      10,
    );
    assertEquals(comparison.verdict, "unknown");
    assert(comparison.leastP! > 0.05);
    assertEquals(
      new Set(comparison.figures.map(({ judgement }) => judgement)),
      new Set(["unclear"]),
    );
    assertStringIncludes(verdictLine(comparison), "it cannot be told: ");
  });
}

Deno.test("compareRuns() of six and six runs could find a difference in each figure, whatever the others do", () => {
  const compared = METRIC_LIST.filter(({ isCompared }) => isCompared);
  // Two partings of 924 are the extremes of a figure.
  assert(compared.length * 2 / 924 <= 0.05, `${compared.length} figures`);
});

Deno.test("compareRuns() does not judge a figure that some of the runs lack", () => {
  const after = runs(120, 122, 124, 160, 121, 123);
  delete after[2].rtt_us!.p99;
  const comparison = compareRuns(BEFORE, after, 10);
  const { p, judgement } = figure(comparison, "p99");
  assertEquals([p, judgement], [undefined, "unclear"]);
  assertEquals(figure(comparison, "p50").judgement, "worse");
});

Deno.test("compareRuns() does not judge a percentile of which one run has too few messages", () => {
  const after = runs(120, 122, 124, 160, 121, 123);
  after[2].rtt_us!.count = 999;
  const comparison = compareRuns(BEFORE, after, 10);
  assertEquals(
    ["p50", "p99"].map((name) => figure(comparison, name).judgement),
    ["worse", "too few"],
  );
});

Deno.test("compareRuns() says of a figure that only one side has that there is none to compare", () => {
  const after = runs(100);
  delete after[0].rtt_us!.p99;
  const { before, after: none, judgement } = figure(
    compareRuns(runs(100), after, 10),
    "p99",
  );
  assertEquals([before?.text, none, judgement], [
    "1.00 ms",
    undefined,
    "no figure",
  ]);
});

Deno.test("compareRuns() does not call a run that has nothing to be judged by not worse", () => {
  const few = (p50: number): Measurements => {
    const { datagrams: _, rtt_us, ...rest } = run({ p50 });
    return { ...rest, rtt_us: { ...rtt_us!, count: 5 } };
  };
  const comparison = compareRuns([few(100)], [few(200)], 10);
  assertEquals(comparison.verdict, "unknown");
  assertEquals(
    verdictLine(comparison),
    "it cannot be told: no figure of both sides has enough messages",
  );
});
