/**
 * A mesh of sources and targets: what is merged, how it is graded, and its grid.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { formatDuration } from "../../text/format.ts";
import { mergeDelays } from "../../mod.ts";
import { gradeOf } from "../../report/grades.ts";
import { type Mesh, meshesOf } from "../../report/mesh.ts";
import { readRuns, type Source } from "../../report/mod.ts";
import { delaysOf, meshOf } from "../setup/mesh_input.ts";
import { summaryOf, textOf } from "../setup/report_input.ts";
import { legend, pageTest } from "../setup/report_page.ts";
import { measureMesh } from "../setup/real_mesh.ts";
import { until } from "../setup/until.ts";

async function meshesIn(sources: Source[]): Promise<Mesh[]> {
  return await meshesOf((await readRuns(sources)).clients);
}

async function p99Of(...delays: number[][]): Promise<number> {
  const merged = await mergeDelays(
    await Promise.all(delays.map(summaryOf)),
  );
  return merged!.p99!;
}

Deno.test("a mesh has its boxes in the order of their numbers, and no path from a box to itself", async () => {
  const [mesh, ...others] = await meshesIn(await meshOf({ boxes: 11 }));
  assertEquals(others, []);
  const boxes = Array.from({ length: 11 }, (_, i) => `box${i + 1}`);
  assertEquals([mesh.sources, mesh.targets], [boxes, boxes]);
  mesh.cells.forEach((row, i) =>
    row.forEach((cell, k) => assertEquals(cell === null, i === k))
  );
  assertEquals(mesh.probe, "UDP echo");
});

Deno.test("rounds of a path, a row and a column are merged by their histograms, not by their percentiles", async () => {
  const [{ cells, bySource, byTarget }] = await meshesIn(
    await meshOf({ boxes: 3, rounds: 2 }),
  );
  const rounds = (from: number, to: number) => [
    delaysOf(from, to, 0),
    delaysOf(from, to, 1),
  ];
  assertEquals(cells[0][1]?.runs.length, 2);
  assertEquals(cells[0][1]?.figures.p99, await p99Of(...rounds(1, 2)));
  assertEquals(
    bySource[0]?.figures.p99,
    await p99Of(...rounds(1, 2), ...rounds(1, 3)),
  );
  assertEquals(
    byTarget[2]?.figures.p99,
    await p99Of(...rounds(1, 3), ...rounds(2, 3)),
  );
});

Deno.test("a mesh tells a path that failed from one that is unreachable, and one without a result", async () => {
  const sources = await meshOf({ boxes: 3, lossy: [1, 2], down: "box9" });
  const [{ cells, targets, bySource }] = await meshesIn(sources.slice(0, 2));
  const states = cells.map((row) => row.map((cell) => cell?.state));
  assertEquals(targets, ["box1", "box2", "box3", "box9"]);
  assertEquals(states, [
    [undefined, "failed", "passed", "unreachable"],
    ["passed", undefined, "passed", "unreachable"],
  ]);
  assertEquals(cells[0][1]?.figures.loss, 10);
  assertEquals(cells[0][3]?.figures, {});
  assertEquals(bySource.map((cell) => cell?.state), ["failed", "failed"]);
});

Deno.test("a path whose client could not even connect is in the mesh by the labels of its error", async () => {
  const [one, two] = await meshOf({ boxes: 2 });
  const error = JSON.stringify({
    event: "error",
    role: "udp-client",
    time: "2026-01-02T03:04:05.000Z",
    schema: 2,
    code: "cannot-connect",
    message: "no route to host",
    exit_code: 3,
    label: "box9",
    source_label: "box2",
  });
  const alone = { name: "alone.jsonl", text: `${error}\n` };
  const [{ cells, targets }] = await meshesIn([one, two, alone]);
  assertEquals(targets, ["box1", "box2", "box9"]);
  assertEquals(cells[1][2]?.state, "unreachable");
});

Deno.test("runs of another transport or service are a mesh of their own", async () => {
  const settings = { source_label: "box1", label: "box2" };
  const udp = await meshOf({ boxes: 2 });
  const meshes = await meshesIn([
    ...udp,
    { name: "tcp.jsonl", text: await textOf({ delays: [1, 2], settings }) },
  ]);
  assertEquals(meshes.map(({ probe }) => probe), ["UDP echo", "TCP echo"]);
  assertEquals(meshes.map(({ cells }) => cells[0][1]?.runs.length), [1, 1]);
  assertEquals(meshes[1].cells[1][0], null);
});

Deno.test("there is no mesh of one source, nor of runs without labels", async () => {
  const [one] = await meshOf({ boxes: 3 });
  assertEquals(await meshesIn([one]), []);
  const text = await textOf({ delays: [1, 2] });
  const names = ["a.jsonl", "b.jsonl"];
  assertEquals(await meshesIn(names.map((name) => ({ name, text }))), []);
});

Deno.test("gradeOf() grades by what was expected, else by a limit of losses and the typical delay", () => {
  const grade = (
    metric: Parameters<typeof gradeOf>[0],
    value: number,
    held?: boolean,
    outage?: number,
  ) =>
    gradeOf(metric, {
      state: "passed",
      figures: { outage, [metric]: value },
      held: held === undefined ? {} : { [metric]: held },
    }, 100);
  assertEquals([grade("p99", 900, true), grade("p99", 1, false)], [
    "good",
    "bad",
  ]);
  assertEquals([0, 0.5, 1].map((share) => grade("loss.out", share)), [
    "good",
    "fair",
    "bad",
  ]);
  assertEquals([200, 500, 501].map((delay) => grade("p50", delay)), [
    "good",
    "fair",
    "bad",
  ]);
  assertEquals([50, 20, 19].map((rate) => grade("throughput", rate)), [
    "good",
    "fair",
    "bad",
  ]);
  assertEquals(
    [grade("outages", 0), grade("outages", 3, undefined, 1e5)],
    ["good", "fair"],
  );
  assertEquals(grade("outages", 1, undefined, 2e6), "bad");
  assertEquals(
    gradeOf("p99", { state: "unreachable", figures: {}, held: {} }, 100),
    undefined,
  );
});

/** The grid's cells as text, by row. */
async function grid(page: Page): Promise<string[][]> {
  return await Promise.all(
    (await page.locator(".mesh tbody tr").all()).map((row) =>
      row.locator("td").allTextContents()
    ),
  );
}

pageTest(
  "the grid shows real paths: the one that loses on its way out, and a box that does not answer",
  () =>
    measureMesh({
      boxes: ["box1", "box2", "box3"],
      down: "box4",
      lossy: { from: "box3", to: "box1" },
      count: 100,
      rate: 100,
    }),
  async ({ page, complaints }) => {
    assertStringIncludes(
      (await page.locator(".headline").textContent())!,
      "box3 → box1 loses 12 % outward, down once, for",
    );
    assert(await page.getByLabel("loss out", { exact: true }).isChecked());
    const cells = await grid(page);
    assertEquals(cells.map((row) => row.map((text) => text.slice(0, 5))), [
      ["", "0 %", "0 %", "✗ unr", "0 %1 "],
      ["0 %", "", "0 %", "✗ unr", "0 %1 "],
      ["✗ 12 ", "0 %", "", "✗ unr", "✗ 6 %"],
    ]);
    await page.getByLabel("loss back", { exact: true }).check();
    const back = await grid(page);
    assertEquals(back[2][0], "0 %failed");
    assertEquals(complaints, []);
  },
);

pageTest(
  "a cell of the grid opens its path's charts, by a click and from the keyboard",
  () => meshOf({ boxes: 3, lossy: [1, 2], rounds: 2 }),
  async ({ page, complaints }) => {
    await page.locator(".mesh td.bad").first().click();
    await page.locator(".selection strong", { hasText: "box1 → box2" })
      .waitFor();
    assertEquals(await legend(page, "Rate"), [
      "box1 → box2 (box1.jsonl #1)",
      "box1 → box2 (box1.jsonl #2)",
    ]);
    assert(
      await page.locator(".selection").evaluate((line) =>
        line.matches(":focus")
      ),
    );
    // Back to the grid, two to the right and one down: all from box2.
    await page.locator('.mesh td[tabindex="0"]').focus();
    for (const key of ["ArrowDown", "End", "Enter"]) {
      await page.keyboard.press(key);
    }
    await until(
      async () =>
        (await page.locator(".selection").textContent())!
          .includes("all from box2"),
      "the runs from box2",
    );
    await until(
      async () => (await legend(page, "Rate")).length === 4,
      "their lines",
    );
    assertEquals(complaints, []);
  },
);

pageTest(
  "the grid shows the figure that is chosen, and says what is good",
  () => meshOf({ boxes: 2 }),
  async ({ page }) => {
    await page.getByLabel("p99", { exact: true }).check();
    const p99 = formatDuration((await summaryOf(delaysOf(1, 2))).p99!);
    assertEquals((await grid(page))[0][1], p99);
    assertStringIncludes(
      (await page.locator(".rule").textContent())!,
      "the median of all paths",
    );
  },
);

pageTest(
  "a mesh of twenty boxes lists the paths that failed, and draws a part of its runs",
  () => meshOf({ boxes: 20, lossy: [17, 12] }),
  async ({ page, complaints }) => {
    assertEquals(await page.locator(".failing li").allTextContents(), [
      "box17 → box12 failed, loss 10 %",
    ]);
    assertEquals(
      await page.locator(".selection").textContent(),
      "Below: 60 of 380 runs.",
    );
    const shown = await page.locator(".runs tbody").count();
    assertEquals(shown, 200);
    await page.getByRole("button", { name: "Show 180 more" }).click();
    assertEquals(await page.locator(".runs tbody").count(), 380);
    await page.locator(".failing button").click();
    await page.getByText("1 of 380 runs").waitFor();
    assertEquals(complaints, []);
  },
);
