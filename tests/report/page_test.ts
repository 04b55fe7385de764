/**
 * The report's page, in a browser.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { formatDuration } from "../../text/format.ts";
import { mergeDelays } from "../../mod.ts";
import {
  bundlePage,
  readRuns,
  reportPage,
  type Source,
} from "../../report/mod.ts";
import { CHROMIUM, launchBrowser } from "../setup/browser.ts";
import { evenly, linesOf, summaryOf, textOf } from "../setup/report_input.ts";
import { isFromSource, runRole, startRole } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { testWhere } from "../setup/where.ts";

/** Shared by all tests: the page's program and a browser, each made once. */
let assets: ReturnType<typeof bundlePage> | undefined;
let browser: Promise<Browser> | undefined;

Deno.test.afterAll(async () => await (await browser)?.close());

/** A page opened from disk, without a network. */
interface OpenPage {
  page: Page;
  /** The URLs that it has requested. */
  requests: string[];
  /** Its errors. */
  complaints: string[];
  /** Its file's size, without the program and the style. */
  dataSize: number;
}

async function withPage(
  sources: Source[],
  options: BrowserContextOptions,
  use: (open: OpenPage) => Promise<void>,
): Promise<void> {
  assets ??= bundlePage();
  browser ??= launchBrowser();
  const made = await assets;
  const html = await reportPage(await readRuns(sources), made);
  const folder = await Deno.makeTempDir();
  // A context of its own, so that pages share no state.
  const context = await (await browser).newContext(options);
  try {
    const file = join(folder, "report.html");
    await Deno.writeTextFile(file, html);
    await context.setOffline(true);
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => complaints.push(message.text()));
    const url = `file://${file}`;
    await page.goto(url);
    await page.waitForSelector("body[data-ready]");
    const dataSize = html.length - made.script.length - made.style.length;
    await use({ page, requests, complaints, dataSize });
    assertEquals(requests, [url]);
  } finally {
    await context.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function pageTest(
  name: string,
  sources: () => Promise<Source[]> | Source[],
  use: (open: OpenPage) => Promise<void>,
  options: BrowserContextOptions = {},
): void {
  testWhere(
    CHROMIUM !== undefined && isFromSource(),
    "Chromium is not installed",
    name,
    async () => await withPage(await sources(), options, use),
  );
}

const SLOW = evenly(200, 10_000, 20_000);
const FAST = evenly(800, 100, 1000);

/** Three runs: a slow one over UDP with loss, a fast one, one that failed. */
async function threeRuns(): Promise<Source[]> {
  return [
    { name: "slow.jsonl", text: await textOf({ delays: SLOW, lost: 50 }) },
    { name: "fast.jsonl", text: await textOf({ delays: FAST }) },
    {
      name: "failed.jsonl",
      text: await textOf({ delays: [5, 6], failure: "p99 is too long" }),
    },
  ];
}

/** The texts of a table's rows, by their headings. */
async function rows(
  page: Page,
  part: string,
): Promise<Record<string, string>[]> {
  return await page.evaluate(
    (selector) =>
      // The tests know nothing of a document; the browser does.
      [...(globalThis as unknown as {
        document: {
          querySelectorAll(selector: string): Iterable<{
            cells: Iterable<
              { dataset: { title?: string }; textContent: string }
            >;
          }>;
        };
      }).document.querySelectorAll(selector)].map((row) =>
        Object.fromEntries(
          [...row.cells].map((
            cell,
          ) => [cell.dataset.title ?? "", cell.textContent]),
        )
      ),
    part,
  );
}

const RUNS = ".runs tbody tr:not(.notes)";
const TOGETHER = ".runs tfoot tr";

/** The runs that a chart shows, by its legend. */
async function legend(page: Page, chart: string): Promise<string[]> {
  const labels = await page.locator("figure")
    .filter({ has: page.getByRole("heading", { name: chart, exact: true }) })
    .locator(".u-label").allTextContents();
  return labels.slice(1);
}

pageTest(
  "the page shows the result of each run",
  threeRuns,
  async ({ page, complaints }) => {
    const [slow, fast, failed] = await rows(page, RUNS);
    const delays = await summaryOf(SLOW);
    assertEquals(slow, {
      "": "",
      "Run": "slow.jsonl",
      "Verdict": "passed",
      "Peer": "192.0.2.1:7000",
      "Time (UTC)": "2026-01-02 03:04:05",
      "Settings": "UDP, 1 socket, 64 bytes, 2 s",
      "Out": "8 kB/s",
      "In": "6.40 kB/s",
      "p50": formatDuration(delays.p50!),
      "p90": formatDuration(delays.p90!),
      "p99": formatDuration(delays.p99!),
      "p99.9": formatDuration(delays["p99.9"]!),
      "max": formatDuration(delays.max),
      "loss": "50 (20\u00a0%)",
      "rate": "100/s",
    });
    assertEquals([fast.Run, fast.rate, fast.loss], [
      "fast.jsonl",
      "400/s",
      "",
    ]);
    assertEquals(failed.Verdict, "failed");
    assert(await page.getByText("p99 is too long").isVisible());
    assertEquals(
      await page.locator(".overview").textContent().then((text) =>
        text!.replace(/Made.*/, "")
      ),
      "3 runs: 2 passed, 1 failed. ",
    );
    assertEquals(complaints, []);
  },
);

pageTest(
  "the page sums up the selected runs, by their merged histograms",
  threeRuns,
  async ({ page }) => {
    const together = async () => {
      const [row] = await rows(page, TOGETHER);
      return [row.Run, row.p50, row.p99, row.max, row.loss];
    };
    const expected = async (...runs: number[][]) => {
      const merged =
        (await mergeDelays(await Promise.all(runs.map(summaryOf))))!;
      return [merged.p50!, merged.p99!, merged.max].map(formatDuration);
    };
    assertEquals(await together(), [
      "3 runs together",
      ...await expected(SLOW, FAST, [5, 6]),
      "50 (4.8\u00a0%)",
    ]);
    await page.getByLabel("Show failed.jsonl").uncheck();
    await page.getByText("2 runs together").waitFor();
    assertEquals(await together(), [
      "2 runs together",
      ...await expected(SLOW, FAST),
      "50 (4.8\u00a0%)",
    ]);
    await page.getByLabel("Show slow.jsonl").uncheck();
    await page.locator(TOGETHER).waitFor({ state: "hidden" });
  },
);

pageTest(
  "the page draws the selected runs over each other",
  threeRuns,
  async ({ page, complaints }) => {
    for (const chart of ["Percentiles", "Histogram"]) {
      assertEquals(
        await legend(page, chart),
        ["all together", "slow.jsonl", "fast.jsonl", "failed.jsonl"],
      );
    }
    assertEquals(await legend(page, "Rate"), [
      "slow.jsonl",
      "fast.jsonl",
      "failed.jsonl",
    ]);
    assertEquals(await legend(page, "Loss"), ["slow.jsonl"]);
    const canvas = page.locator("canvas").first();
    const before = await canvas.screenshot();
    await page.getByLabel("Show fast.jsonl").uncheck();
    await page.getByText("2 runs together").waitFor();
    await page.locator(
      'canvas[aria-label="Percentiles: all together, slow.jsonl, failed.jsonl"]',
    ).waitFor();
    assertEquals(
      await legend(page, "Histogram"),
      ["all together", "slow.jsonl", "failed.jsonl"],
    );
    assertNotEquals(await canvas.screenshot(), before);
    await page.getByLabel("Switch all runs on or off").check();
    await page.getByText("3 runs together").waitFor();
    await page.getByLabel("Switch all runs on or off").uncheck();
    await page.locator("figure").first().waitFor({ state: "hidden" });
    assertEquals(complaints, []);
  },
);

pageTest(
  "the page sorts its runs by a column, from the keyboard, too",
  threeRuns,
  async ({ page }) => {
    const order = async () => (await rows(page, RUNS)).map(({ Run }) => Run);
    await page.getByRole("button", { name: "p50" }).click();
    assertEquals(await order(), ["failed.jsonl", "fast.jsonl", "slow.jsonl"]);
    await page.keyboard.press("Enter");
    assertEquals(await order(), ["slow.jsonl", "fast.jsonl", "failed.jsonl"]);
    const heading = page.getByRole("columnheader", { name: "p50" });
    assertEquals(await heading.getAttribute("aria-sort"), "descending");
    // Runs without the figure come last in both orders.
    for (const _ of ["ascending", "descending"]) {
      await page.getByRole("button", { name: "loss" }).press("Enter");
      assertEquals((await order())[0], "slow.jsonl");
    }
    await page.getByRole("button", { name: "Run", exact: true }).click();
    assertEquals(await order(), ["failed.jsonl", "fast.jsonl", "slow.jsonl"]);
  },
);

pageTest(
  "the page's switches work from the keyboard",
  threeRuns,
  async ({ page }) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.locator(TOGETHER).waitFor({ state: "hidden" });
    assertEquals(await page.getByLabel("Show slow.jsonl").isChecked(), false);
  },
);

const HOSTILE = [
  '<img src="x" onerror="window.harmed = true">',
  "</script><script>window.harmed = true</script>",
  "<!--<script>",
  "\u2028&lt;b&gt;",
];

pageTest(
  "the page shows markup in the data as text",
  async () =>
    await Promise.all(HOSTILE.map(async (name) => ({
      name,
      text: await textOf({ delays: FAST, target: name, failure: name }) + name,
    }))),
  async ({ page, complaints }) => {
    const shown = await rows(page, RUNS);
    assertEquals(shown.map(({ Run }) => Run), HOSTILE);
    assertEquals(
      shown.map(({ Peer }) => Peer),
      HOSTILE.map((name) => `${name}:7000`),
    );
    assertEquals(await page.locator("img").count(), 0);
    assertEquals(await page.locator("script").count(), 2);
    assertEquals(await page.evaluate("window.harmed"), undefined);
    assertEquals(complaints, []);
  },
);

pageTest(
  "the page's Content-Security-Policy lets nothing run or load besides itself",
  threeRuns,
  async ({ page, complaints }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await page.context().setOffline(false);
    await assertRejects(() =>
      page.evaluate(`fetch("http://127.0.0.1:${port}/")`)
    );
    await page.evaluate(`
    const script = document.createElement("script");
    script.textContent = "window.harmed = true";
    document.body.append(script);
  `);
    assertEquals(await page.evaluate("window.harmed"), undefined);
    assertEquals(
      complaints.filter((text) => text.includes("Content Security Policy"))
        .length,
      complaints.length,
    );
    assert(complaints.length >= 2, String(complaints));
  },
);

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [390, 1400]) {
    pageTest(
      `the page is ${colorScheme} where that is wanted, and ${width} pixels wide where there are no more`,
      threeRuns,
      async ({ page, complaints }) => {
        const lightness = await page.evaluate(
          "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])",
        ) as number;
        assertEquals(lightness > 128, colorScheme === "light");
        assertEquals(
          await page.evaluate("document.documentElement.scrollWidth"),
          width,
        );
        for (const canvas of await page.locator("canvas").all()) {
          const box = await canvas.boundingBox();
          assert(box !== null && box.x >= 0 && box.x + box.width <= width);
        }
        assertEquals(complaints, []);
      },
      { colorScheme, viewport: { width, height: 900 } },
    );
  }
}

pageTest(
  "the page turns dark and back while it is open, and is light on paper",
  threeRuns,
  async ({ page }) => {
    const colours = async () => [
      await page.evaluate("getComputedStyle(document.body).backgroundColor"),
      await page.evaluate(
        'getComputedStyle(document.querySelector(".swatch")).backgroundColor',
      ),
    ];
    const light = await colours();
    /** The page hears of it a moment later. */
    const turns = async (isTurned: (now: unknown[]) => boolean) =>
      await until(async () => isTurned(await colours()), "its other colours");
    await page.emulateMedia({ colorScheme: "dark" });
    await turns((now) => now.every((colour, i) => colour !== light[i]));
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    await turns((now) => now.every((colour, i) => colour === light[i]));
    assertEquals(await page.getByLabel("Show slow.jsonl").isVisible(), false);
  },
);

pageTest(
  "the page shows servers beside what the clients sent them",
  async () => {
    await using server = startRole("udp-server", ["--port", "0", "--json"]);
    const port = await server.listening();
    const client = await runRole("udp-client", [
      `127.0.0.1:${port}`,
      "--json",
      "--count",
      "100",
    ]);
    server.signal("SIGTERM");
    const { stdout } = await server.outcome();
    return [
      { name: "client.jsonl", text: client.stdout },
      { name: "server.jsonl", text: stdout },
    ];
  },
  async ({ page }) => {
    const [server] = await rows(page, ".servers tbody tr");
    assertEquals(
      [
        server.Datagrams,
        server.Received,
        server["Sent by the runs above"],
        server.Trouble,
      ],
      ["100", "6.40 kB", "6.40 kB", "none"],
    );
  },
);

pageTest(
  "the page names what could not be read, and shows a run that was cut off",
  async () => {
    const lines = await linesOf({ delays: FAST, seconds: 4 });
    return [
      { name: "killed.jsonl", text: `${lines.slice(0, 4).join("\n")}\n{"ev` },
      ...await threeRuns(),
    ];
  },
  async ({ page, complaints }) => {
    assertEquals(await page.locator(".problems li").allTextContents(), [
      "killed.jsonl, line 5: it is cut short: was the program killed?",
    ]);
    const [killed] = await rows(page, RUNS);
    assertEquals(killed.Verdict, "cut off");
    assertEquals([killed.rate, killed.p50], ["200/s", ""]);
    const [together] = await rows(page, TOGETHER);
    assertStringIncludes(together.Settings, "delays of 3 runs");
    assertEquals((await legend(page, "Rate"))[0], "killed.jsonl");
    assertEquals(complaints, []);
  },
);

pageTest(
  "the page of an hour, and of fifty runs besides, holds less than 2 MB of data",
  async () => [
    {
      name: "hour.jsonl",
      text: await textOf({
        delays: evenly(3600, 50, 40_000),
        seconds: 3600,
        lost: 0,
      }),
    },
    ...await Promise.all(
      Array.from({ length: 50 }, async (_, i) => ({
        name: `run-${i}.jsonl`,
        text: await textOf({ delays: evenly(1200, 50 + i, 9000), seconds: 60 }),
      })),
    ),
  ],
  async ({ page, complaints, dataSize }) => {
    assert(dataSize < 2e6, String(dataSize));
    assertEquals((await rows(page, RUNS)).length, 51);
    const [together] = await rows(page, TOGETHER);
    assertEquals(together.Run, "51 runs together");
    assertEquals(complaints, []);
  },
);

pageTest(
  "the phases of a run under load are beside each other on one axis of time",
  async () => {
    const lines = await linesOf({ delays: FAST });
    const { histogram: _, ...rtt_us } = await summaryOf(FAST);
    const head = { role: "tcp-client", time: "2026-01-02T03:04:05.000Z" };
    const phases = ["quiet", "out", "both"].map((phase, i) =>
      JSON.stringify({
        event: "load-interval",
        ...head,
        schema: 2,
        phase,
        elapsed_us: (i + 1) * 1e6,
        interval_us: 1e6,
        rtt_us,
      })
    );
    const text = lines.toSpliced(1, 0, ...phases).join("\n") + "\n";
    return [{ name: "loaded.jsonl", text }];
  },
  async ({ page, complaints }) => {
    assertEquals(
      await legend(
        page,
        "Delay while the path is quiet, and while it is full",
      ),
      ["quiet", "bulk out", "bulk both ways"],
    );
    assertEquals(complaints, []);
  },
);
