/**
 * The sentence at the top of a report.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { headlineOf } from "../../report/headline.ts";
import { pageData } from "../../report/page_data.ts";
import { readRuns, type Source } from "../../report/mod.ts";
import { longRunText } from "../setup/long_run.ts";
import { meshOf } from "../setup/mesh_input.ts";
import { evenly, linesOf, textOf } from "../setup/report_input.ts";

const DELAYS = evenly(90, 100, 900);

async function headline(...sources: Source[]): Promise<string> {
  return await headlineOf((await readRuns(sources)).clients);
}

Deno.test("the headline names the worst path that failed, what it loses, and a box that none reached", async () => {
  const mesh = await meshOf({ boxes: 3, lossy: [1, 3], down: "box9" });
  assertEquals(
    await headline(...mesh),
    "4 of 9 paths failed: box1 → box3 loses 10 %; box9 cannot be reached.",
  );
});

Deno.test("the headline names a single path that is unreachable by both of its ends", async () => {
  const [first, second] = await meshOf({ boxes: 2, down: "box9" });
  const [other] = await meshOf({ boxes: 2 });
  assertEquals(
    await headline(first, { ...second, text: other.text.replaceAll("1", "2") }),
    "1 of 3 paths failed: box1 → box9 cannot be reached.",
  );
});

Deno.test("the headline counts paths, not the rounds in which they were measured", async () => {
  assertEquals(
    await headline(...await meshOf({ boxes: 2, lossy: [2, 1], rounds: 3 })),
    "1 of 2 paths failed: box2 → box1 loses 10 %.",
  );
});

Deno.test("the headline says which way a path loses, and how long it was down", async () => {
  const text = await longRunText({
    from: Date.parse("2026-11-24T21:00:00Z"),
    seconds: 600,
    every: 10,
    label: "router",
    outages: [[60, 62], [300, 304]],
  });
  const { clients } = await readRuns([{ name: "a.jsonl", text }]);
  const directions = { out: { lost: 30 }, back: { lost: 0 } };
  Object.assign(clients[0].result!, { directions });
  assertEquals(
    await headlineOf(clients),
    "The run passed; it loses 1 % outward, down twice, 4.00 s at the longest.",
  );
});

Deno.test("the headline gives a failed run's own reason where its figures tell none", async () => {
  assertEquals(
    await headline({
      name: "a.jsonl",
      text: await textOf({ delays: DELAYS, failure: "the echo differed" }),
    }, { name: "b.jsonl", text: await textOf({ delays: DELAYS }) }),
    "1 of 2 runs failed: a.jsonl: the echo differed.",
  );
});

Deno.test("the headline says that all passed, and what was cut off", async () => {
  const lines = await linesOf({ delays: DELAYS, seconds: 4 });
  const passed = { name: "a.jsonl", text: await textOf({ delays: DELAYS }) };
  assertEquals(await headline(passed), "The run passed.");
  assertEquals(
    await headline(passed, { ...passed, name: "b.jsonl" }),
    "All 2 runs passed.",
  );
  assertEquals(
    await headline(passed, {
      name: "killed.jsonl",
      text: lines.slice(0, 4).join("\n"),
    }),
    "1 of 2 runs passed; 1 was cut off.",
  );
  assertEquals(await headline(), "");
});

Deno.test("a page's runs are in order of what went wrong: failed, unreachable, the rest", async () => {
  const { runs } = await pageData(
    await readRuns(await meshOf({ boxes: 2, lossy: [2, 1], down: "box9" })),
  );
  assertEquals(runs.map(({ name }) => name), [
    "box2 → box1",
    "box9 (box1.jsonl #2)",
    "box9 (box2.jsonl #2)",
    "box1 → box2",
  ]);
});
