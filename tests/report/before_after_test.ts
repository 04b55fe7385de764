/**
 * The page's section of runs before and after, in a browser.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { compareRuns } from "../../report/mod.ts";
import { runs } from "../setup/compared_runs.ts";
import { pageTest } from "../setup/report_page.ts";

const WORSE = {
  ...compareRuns(
    runs(100, 101, 102, 103, 104, 105),
    runs(120, 122, 124, 160, 121, 123),
    10,
  ),
  differences: ["size: 64 bytes (a.jsonl), <b>32</b> bytes (b.jsonl)"],
};

/** The page's section, in a browser. */
const SECTION = ".before-after";

pageTest(
  "the page shows before and after beside each other, with the verdict and what differs",
  () => [{ name: "a.jsonl", text: "" }],
  async ({ page, complaints }) => {
    const section = page.locator(SECTION);
    assertEquals(
      await section.locator(".finding").textContent(),
      "6 runs before, 6 after: worse by more than 10 % (p at most 0.05): p50, p99.",
    );
    assertEquals(await section.locator("li").allTextContents(), [
      "size: 64 bytes (a.jsonl), <b>32</b> bytes (b.jsonl)",
    ]);
    const row = section.getByRole("row").filter({
      has: page.getByRole("rowheader", { name: "p50", exact: true }),
    });
    assertEquals(await row.getByRole("cell").allInnerTexts(), [
      "103 µs\n100 µs to 105 µs",
      "123 µs\n120 µs to 160 µs",
      "+20 %",
      "0.0022",
      "worse",
      "",
    ]);
    assertEquals(complaints, []);
  },
  {},
  WORSE,
);

pageTest(
  "the page has a dot for each run before and after, and says their figures in words",
  () => [{ name: "a.jsonl", text: "" }],
  async ({ page }) => {
    const plot = page.getByRole("img", { name: "p50 of each run" });
    assertEquals(
      await plot.getAttribute("aria-label"),
      "p50 of each run, before: 100 µs, 101 µs, 102 µs, 103 µs, 104 µs, 105 µs; " +
        "after: 120 µs, 122 µs, 124 µs, 160 µs, 121 µs, 123 µs",
    );
    assertEquals(await plot.locator("circle.before").count(), 6);
    const across = await plot.locator("circle.after").evaluateAll((dots) =>
      dots.map((dot) => Number(dot.getAttribute("cx")))
    );
    assertEquals(across.indexOf(Math.max(...across)), 3);
    // All runs lost nothing: there is nothing to draw.
    assertEquals(
      await page.getByRole("img", { name: "loss of each run" }).count(),
      0,
    );
  },
  {},
  WORSE,
);

for (const width of [390, 1024, 1280]) {
  pageTest(
    `before and after fit into ${width} pixels`,
    () => [{ name: "a.jsonl", text: "" }],
    async ({ page }) => {
      const wider = await page.locator(`${SECTION} *`).evaluateAll(
        (all, width) =>
          all.filter((one) => one.getBoundingClientRect().right > width).length,
        width,
      );
      assertEquals(wider, 0);
      assert(
        await page.getByText("worse", { exact: true }).first().isVisible(),
      );
    },
    { viewport: { width, height: 900 } },
    WORSE,
  );
}

pageTest(
  "the page has no section of before and after where nothing is compared",
  () => [{ name: "a.jsonl", text: "" }],
  async ({ page }) => {
    assertEquals(await page.locator(SECTION).count(), 0);
  },
);
