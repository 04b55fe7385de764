/**
 * The report's page of runs over hours: its outages, and its clock.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { formatClock, timeMarks, timeStep } from "../../report/page/clock.ts";
import { sharesClock, timeAxis } from "../../report/page/timeline.ts";
import { pageData } from "../../report/page_data.ts";
import { readRuns } from "../../report/mod.ts";
import { longRunText } from "../setup/long_run.ts";
import { legend, pageTest, rows } from "../setup/report_page.ts";
import { textOf } from "../setup/report_input.ts";
import { until } from "../setup/until.ts";

const FROM = Date.parse("2026-11-24T21:00:00Z");
const HOUR = 3600;
const BERLIN = { timezoneId: "Europe/Berlin" };

/** Eight hours at five a second, with an outage of 4 s and one of 5 min. */
async function night() {
  const text = await longRunText({
    from: FROM,
    seconds: 8 * HOUR,
    every: 60,
    label: "router",
    outages: [[5315, 5319], [3 * HOUR, 3 * HOUR + 300]],
  });
  return [{ name: "night.jsonl", text }];
}

const OUTAGES = ".outages tbody tr";

/** When the listed outages began and ended. */
async function listed(page: Page): Promise<string[][]> {
  return (await rows(page, OUTAGES)).map(({ From, To }) => [From, To]);
}

pageTest(
  "the page lists outages in local time, and in UTC where that is chosen",
  night,
  async ({ page, complaints }) => {
    assertEquals(await rows(page, OUTAGES), [
      {
        "Run": "router",
        "From": "2026-11-24 23:28:35.0",
        "To": "23:28:39.0",
        "Length": "4.00 s",
        "Off by at most": "200 ms",
        "Which": "messages 26576 to 26595",
      },
      {
        "Run": "router",
        "From": "2026-11-25 01:00:00.0",
        "To": "01:05:00.0",
        "Length": "5 min",
        "Off by at most": "200 ms",
        "Which": "messages 54001 to 55500",
      },
    ]);
    const heading = page.getByRole("heading", { name: "Outages, in" });
    assertEquals(
      await heading.textContent(),
      "Outages, in Europe/Berlin, UTC+01:00",
    );
    await page.getByLabel("UTC", { exact: true }).check();
    await page.getByText("Outages, in UTC").waitFor();
    assertEquals(await listed(page), [
      ["2026-11-24 22:28:35.0", "22:28:39.0"],
      ["2026-11-25 00:00:00.0", "00:05:00.0"],
    ]);
    assertEquals(complaints, []);
  },
  BERLIN,
);

pageTest(
  "the page's table has a run's outages before its delays, under its label",
  night,
  async ({ page }) => {
    const [run] = await rows(page, ".runs tbody tr:not(.notes)");
    assertEquals(
      [run.Run, run.outages, run["longest outage"], run.availability],
      ["router", "2", "5 min", "98.9444\u00a0%"],
    );
    const overview = await page.locator(".overview").textContent();
    assert(
      overview!.startsWith("1 run: 1 passed; 2 outages, the longest 5 min."),
      overview!,
    );
    assertEquals(
      await page.locator(".headline").textContent(),
      "The run passed; it loses 1.1 %, down twice, 5 min at the longest.",
    );
    await page.getByRole("button", { name: "passed" }).click();
    assert(await page.getByText("from night.jsonl").isVisible());
  },
);

pageTest(
  "the page draws outages into its charts over time, and says so in their text",
  night,
  async ({ page }) => {
    const canvas = page.locator('canvas[aria-label^="Loss: router"]');
    assertEquals(
      await canvas.getAttribute("aria-label"),
      "Loss: router, router all; with the outages that are listed above",
    );
    assertEquals(await legend(page, "Delay"), [
      "router p99",
      "router max",
      "router p50",
    ]);
    const onClock = await canvas.screenshot();
    await page.getByLabel("time since each run's start").check();
    await until(
      async () =>
        !(await page.locator('canvas[aria-label^="Loss: router"]')
          .screenshot()).equals(onClock),
      "another axis",
    );
  },
  BERLIN,
);

pageTest(
  "the page has no outages to list where there are none",
  async () => [{ name: "run.jsonl", text: await textOf({ delays: [1, 2] }) }],
  async ({ page }) => {
    assertEquals(await page.getByText("Outages").count(), 0);
    const headings = await page.locator(".runs th").allTextContents();
    assertEquals(headings.filter((text) => text.includes("outage")), []);
  },
);

pageTest(
  "the page lists lost connections beside the outages",
  async () => {
    const [started, ...rest] = (await longRunText({
      from: FROM,
      seconds: 600,
      every: 10,
      outages: [[60, 64]],
      isKilled: true,
    })).replaceAll("udp-client", "tcp-client").trim().split("\n");
    const lost = JSON.stringify({
      event: "disconnected",
      role: "tcp-client",
      time: "2026-11-24T21:01:00.100Z",
      schema: 2,
      detail: "<b>reset</b>",
      messages_lost: 1,
    });
    return [{ name: "tcp.jsonl", text: [started, lost, ...rest].join("\n") }];
  },
  async ({ page, complaints }) => {
    const texts = (await rows(page, OUTAGES)).map(({ What, To, Which }) => [
      What,
      To,
      Which,
    ]);
    assertEquals(texts, [
      ["down", "21:01:04.0", "messages 301 to 320"],
      ["connection lost", "not made anew", "<b>reset</b>; 1 unanswered"],
    ]);
    assertEquals(complaints, []);
  },
  { timezoneId: "UTC" },
);

for (const width of [390, 1024, 1280]) {
  pageTest(
    `the page of a night is no wider than ${width} pixels`,
    night,
    async ({ page, dataSize }) => {
      assertEquals(
        await page.evaluate("document.documentElement.scrollWidth"),
        width,
      );
      assert(dataSize < 100_000, String(dataSize));
    },
    { ...BERLIN, viewport: { width, height: 900 } },
  );
}

Deno.test("a time axis has round marks: hours of the clock, with the day where it begins", () => {
  const axis = timeAxis("UTC", FROM / 1e3);
  const [from, to] = [FROM / 1e3, FROM / 1e3 + 8 * HOUR];
  assertEquals(axis.labels(axis.marks(from, to, 6)), [
    "22:00\n24 Nov",
    "00:00\n25 Nov",
    "02:00",
    "04:00",
  ]);
  const month = axis.marks(from, from + 30 * 24 * HOUR, 6);
  assertEquals(axis.labels(month).slice(0, 2), ["26 Nov", "3 Dec"]);
});

Deno.test("an axis since the start tells hours as hours, and parts of a second below one", () => {
  const { labels, marks } = timeAxis("start", 0);
  assertEquals(labels(marks(0, 8 * HOUR, 6)), [
    "0 s",
    "2 h",
    "4 h",
    "6 h",
    "8 h",
  ]);
  assertEquals(labels(marks(0, 5400, 4)), [
    "0 s",
    "30 min",
    "1 h",
    "1 h 30 min",
  ]);
  assertEquals(labels(marks(0, 1, 5)), [
    "0 s",
    "200 ms",
    "400 ms",
    "600 ms",
    "800 ms",
    "1 s",
  ]);
});

Deno.test("timeStep() has a step for any range, from seconds to years", () => {
  for (const seconds of [1, 60, HOUR, 8 * HOUR, 30 * 86_400, 1000 * 86_400]) {
    const step = timeStep(0, seconds, 6);
    const { length } = timeMarks(0, seconds, step, "UTC");
    assert(length >= 1 && length <= 7, `${seconds}: ${length}`);
  }
  assertEquals(formatClock("UTC", FROM / 1e3 + 35, 5), "21:00:35");
  assertNotEquals(formatClock("UTC", FROM / 1e3 + 35, 60), "21:00:35");
});

Deno.test("runs of the same time are shown on a clock, those of different days from their starts", async () => {
  const runsOf = async (...starts: number[]) => {
    const files = await Promise.all(starts.map(async (from) => ({
      name: String(from),
      text: await longRunText({ from, seconds: 600, every: 60 }),
    })));
    return (await pageData(await readRuns(files))).runs;
  };
  assert(sharesClock(await runsOf(FROM, FROM + 30_000)));
  assert(!sharesClock(await runsOf(FROM, FROM + 86_400_000)));
});
