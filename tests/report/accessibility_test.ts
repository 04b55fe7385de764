/**
 * The report's page, for those who do not see it or use no pointer.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import type { Source } from "../../report/mod.ts";
import { longRunText } from "../setup/long_run.ts";
import { meshOf } from "../setup/mesh_input.ts";
import { comparedFlows, evenly, textOf } from "../setup/report_input.ts";
import { pageTest } from "../setup/report_page.ts";

/** What a page can show, as far as it has a look of its own. */
async function everything(): Promise<Source[]> {
  const night = await longRunText({
    from: Date.parse("2026-11-24T21:00:00Z"),
    seconds: 600,
    every: 10,
    label: "router",
    outages: [[60, 64]],
  });
  const sizes = [64, 1472].map((size) => ({
    delays: evenly(50, 100, 900),
    settings: { size },
  }));
  return [
    ...await meshOf({ boxes: 3, lossy: [1, 2], down: "box9" }),
    { name: "night.jsonl", text: night },
    { name: "cut-off.jsonl", text: night.split("\n").slice(0, 9).join("\n") },
    { name: "sweep.jsonl", text: await textOf(...sizes) },
    {
      name: "flows.jsonl",
      text: await textOf({
        delays: evenly(50, 100, 900),
        lost: 12,
        flows: comparedFlows(8),
      }) + "no JSON",
    },
  ];
}

/** What axe-core finds serious or critical: each rule, and where. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate("axe.run()") as axe.AxeResults;
  return violations.filter(({ impact }) =>
    impact === "serious" || impact === "critical"
  ).map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [390, 1280]) {
    pageTest(
      `axe-core finds nothing serious in the ${colorScheme} page, ${width} pixels wide`,
      everything,
      async ({ page, complaints }) => {
        await page.locator("figure details summary").first().click();
        await page.getByLabel("Show router").first().uncheck();
        assertEquals(await seriousFaults(page), []);
        assertEquals(complaints, []);
      },
      { colorScheme, viewport: { width, height: 900 } },
    );
  }
}

pageTest(
  "axe-core finds what is wrong with a page",
  () => [],
  async ({ page }) => {
    await page.evaluate(`
      document.body.append(Object.assign(document.createElement("button")));
    `);
    const [fault] = await seriousFaults(page);
    assertStringIncludes(fault, "button-name");
  },
);

pageTest(
  "a chart is read by arrow keys, and those over time share its cursor",
  async () => [
    {
      name: "a.jsonl",
      text: await textOf({ delays: evenly(60, 100, 900), seconds: 6, lost: 0 }),
    },
  ],
  async ({ page, complaints }) => {
    const at = async (chart: string) =>
      await page.locator("figure")
        .filter({
          has: page.getByRole("heading", { name: chart, exact: true }),
        })
        .locator(".u-value").first().textContent();
    const rate = page.getByLabel("Rate: arrow keys read the values");
    await rate.press("Home");
    const first = await at("Rate");
    await rate.press("ArrowRight");
    const second = await at("Rate");
    assert(first !== second && first !== "–", `${first}, ${second}`);
    assertEquals(await at("Delay"), second);
    assertEquals(await at("Loss"), second);
    assertEquals(
      await rate.locator("xpath=..").locator(".spoken").textContent(),
      `at ${second}, a.jsonl 10`,
    );
    await rate.press("End");
    await rate.press("ArrowRight");
    assertEquals(complaints, []);
  },
);

pageTest(
  "a chart has its lines as a table, with the lowest and the highest value",
  async () => [
    {
      name: "a.jsonl",
      text: await textOf({ delays: evenly(60, 100, 900), seconds: 6 }),
    },
  ],
  async ({ page }) => {
    const figure = page.locator("figure").filter({
      has: page.getByRole("heading", { name: "Rate", exact: true }),
    });
    await figure.getByText("as a table").click();
    const row = figure.locator("details tbody tr").first();
    // It is filled once the browser tells that it is open.
    await row.waitFor();
    assertEquals(
      (await row.locator("th, td").allTextContents())
        .filter((_, i) => i !== 3),
      ["a.jsonl", "10", "10", "10"],
    );
  },
);
