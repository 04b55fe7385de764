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
import { formatDuration } from "../../text/format.ts";
import { mergeDelays } from "../../mod.ts";
import type { Source } from "../../report/mod.ts";
import {
  comparedFlows,
  evenly,
  linesOf,
  summaryOf,
  textOf,
} from "../setup/report_input.ts";
import { runRole, startRole } from "../setup/process.ts";
import { legend, pageTest, rows } from "../setup/report_page.ts";
import { until } from "../setup/until.ts";

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

const RUNS = ".runs tbody tr:not(.notes)";
const TOGETHER = ".runs tfoot tr";

/** A run of 64 flows, of which one lost more than the rest. */
async function flowsRun(): Promise<Source[]> {
  return [{
    name: "flows.jsonl",
    text: await textOf({
      delays: SLOW,
      lost: 12,
      flows: comparedFlows(64),
    }),
  }];
}

pageTest(
  "the page shows each flow of a run as a dot, and rings those that fare worse",
  flowsRun,
  async ({ page, complaints }) => {
    assertEquals(await legend(page, "Loss by source port"), [
      "flows.jsonl",
      "flows.jsonl, worse than the rest",
    ]);
    assertEquals(await legend(page, "Median by source port"), ["flows.jsonl"]);
    const [row] = await rows(page, RUNS);
    assertEquals(row["flows.bad"], "1");
    assertEquals(complaints, []);
  },
);

pageTest(
  "the page has no charts of flows where no run compared any",
  threeRuns,
  async ({ page }) => {
    assertEquals(
      await page.getByRole("heading", { name: "Flows", exact: true }).count(),
      0,
    );
  },
);

pageTest(
  "the page shows the result of each run",
  threeRuns,
  async ({ page, complaints }) => {
    const [failed, slow, fast] = await rows(page, RUNS);
    const delays = await summaryOf(SLOW);
    assertEquals(slow, {
      "Run": "slow.jsonl",
      "Verdict": "passed",
      "Peer": "192.0.2.1:7000",
      "Time": "2026-01-02 04:04:05 UTC+01:00",
      "Settings": "UDP, 1 socket, 64 bytes, 2 s",
      "Out": "8\u00a0kB/s (64\u00a0kbit/s)",
      "In": "6.40\u00a0kB/s (51.2\u00a0kbit/s)",
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
    assert(
      await page.getByText("p99 is too long", { exact: true }).isVisible(),
    );
    assertEquals(
      await page.locator(".overview").textContent().then((text) =>
        text!.replace(/Made.*/, "")
      ),
      "3 runs: 1 failed, 2 passed. ",
    );
    assertEquals(
      await page.locator(".headline").textContent(),
      "1 of 3 runs failed: failed.jsonl: p99 is too long.",
    );
    assertEquals(complaints, []);
  },
  { timezoneId: "Europe/Berlin" },
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
      // Only one of them can tell losses.
      "",
    ]);
    await page.getByLabel("Show failed.jsonl").uncheck();
    await page.getByText("2 runs together").waitFor();
    assertEquals(await together(), [
      "2 runs together",
      ...await expected(SLOW, FAST),
      "",
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
        ["all together", "failed.jsonl", "slow.jsonl", "fast.jsonl"],
      );
    }
    assertEquals(await legend(page, "Rate"), [
      "failed.jsonl",
      "slow.jsonl",
      "fast.jsonl",
    ]);
    assertEquals(await legend(page, "Loss"), ["slow.jsonl"]);
    const canvas = page.locator("canvas").first();
    const before = await canvas.screenshot();
    await page.getByLabel("Show fast.jsonl").uncheck();
    await page.getByText("2 runs together").waitFor();
    await page.locator(
      'canvas[aria-label="Percentiles: all together, failed.jsonl, slow.jsonl"]',
    ).waitFor();
    assertEquals(
      await legend(page, "Histogram"),
      ["all together", "failed.jsonl", "slow.jsonl"],
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
  "the page draws delay and throughput over the sizes of a sweep",
  async () => [{
    name: "sweep.jsonl",
    text: await textOf(
      { delays: SLOW, settings: { size: 1472 } },
      { delays: FAST, settings: { size: 64 } },
    ),
  }, { name: "one.jsonl", text: await textOf({ delays: FAST }) }],
  async ({ page, complaints }) => {
    assertEquals(await legend(page, "Delay by size"), [
      "sweep.jsonl p99",
      "sweep.jsonl p50",
    ]);
    assertEquals(await legend(page, "Throughput by size"), ["sweep.jsonl"]);
    await page.getByLabel("Show sweep.jsonl #1").uncheck();
    await page.getByLabel("Show sweep.jsonl #2").uncheck();
    await page.getByRole("heading", { name: "Delay by size" })
      .waitFor({ state: "hidden" });
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
    const box = page.getByLabel("Switch all runs on or off");
    while (!await box.evaluate((element) => element.matches(":focus"))) {
      await page.keyboard.press("Tab");
    }
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
  "the page shows each way of a run with STAMP, in columns and over time",
  async () => {
    await using server = startRole("udp-server", [
      ...["--host", "127.0.0.1", "--port", "0", "--service", "stamp"],
    ]);
    const port = await server.listening();
    const { stdout } = await runRole("udp-client", [
      `127.0.0.1:${port}`,
      ...["--service", "stamp", "--json", "--rate", "100", "--count", "150"],
      ...["--expect", "loss<=100%"],
    ]);
    return [
      { name: "stamp.jsonl", text: stdout },
      { name: "echo.jsonl", text: await textOf({ delays: FAST, lost: 0 }) },
    ];
  },
  async ({ page, complaints }) => {
    const [stamp, echo] = await rows(page, RUNS);
    for (
      const name of [
        "variation.out.p99",
        "variation.back.p99",
        "reflector.p99",
      ]
    ) {
      assert(/^[\d.]+ (µs|ms|s)$/.test(stamp[name]), `${name}: ${stamp[name]}`);
      assertEquals(echo[name], "");
    }
    assertEquals(await legend(page, "Delay each way"), [
      "stamp.jsonl out",
      "stamp.jsonl back",
      "stamp.jsonl reflector",
    ]);
    const [together] = await rows(page, TOGETHER);
    assert(together["variation.out.p99"] !== "");
    assertEquals(complaints, []);
  },
);

pageTest(
  "the page of runs without STAMP has no columns and no charts of each way",
  threeRuns,
  async ({ page }) => {
    const [run] = await rows(page, RUNS);
    const directed = Object.keys(run).filter((name) =>
      /out|back|reflector/.test(name)
    );
    assertEquals(directed, []);
    const headings = await page.getByRole("heading").allTextContents();
    assertEquals(headings.filter((text) => text.includes("each way")), []);
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
    const [, killed] = await rows(page, RUNS);
    assertEquals(killed.Verdict, "cut off");
    assertEquals([killed.rate, killed.p50], ["200/s", ""]);
    const [together] = await rows(page, TOGETHER);
    assertStringIncludes(together.Messages, "delays of 3 runs");
    assertEquals((await legend(page, "Rate"))[1], "killed.jsonl");
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

/** Runs in which every column of the table has a figure. */
async function allColumns(): Promise<Source[]> {
  const delays = await summaryOf(FAST);
  const way = { lost: 25, variation_us: delays };
  const [started, ...lines] = await linesOf({
    delays: FAST,
    lost: 50,
    settings: { service: "stamp", size: 44 },
    flows: { count: 8, bad: 1, unjudged: 0, each: [] },
  });
  const result = JSON.parse(lines.pop()!);
  result.directions = {
    out: way,
    back: way,
    lost_unknown: 0,
    reflector_us: delays,
    notes: [],
  };
  result.measured.outages = {
    count: 2,
    total_us: 61e6,
    longest_us: 60e6,
    availability_percent: 98.9444,
    listed: [],
  };
  const text = [started, ...lines, JSON.stringify(result)].join("\n") + "\n";
  return [1, 2].map((i) => ({ name: `folder/stamp-${i}.jsonl`, text }));
}

for (const width of [1280, 1600]) {
  pageTest(
    `no column of the table hides at ${width} pixels, not even of all that there are`,
    allColumns,
    async ({ page }) => {
      assertEquals(await page.locator(".runs thead th").count(), 19);
      assertEquals(
        await page.locator(".runs-table .table").evaluate((box) =>
          box.scrollWidth - box.clientWidth
        ),
        0,
      );
    },
    { viewport: { width, height: 900 } },
  );
}

pageTest(
  "the charts name their lines also at twenty runs",
  async () =>
    await Promise.all(Array.from({ length: 20 }, async (_, i) => ({
      name: `run-${i}.jsonl`,
      text: await textOf({ delays: FAST, lost: 0 }),
    }))),
  async ({ page }) => {
    const names = Array.from({ length: 20 }, (_, i) => `run-${i}.jsonl`);
    assertEquals(await legend(page, "Rate"), names);
    assertEquals(
      await legend(page, "Delay"),
      names.map((name) => `${name} p99`),
    );
    assertEquals(
      await page.locator(".u-legend").evaluateAll((legends) =>
        legends.filter(({ scrollHeight, clientHeight }) =>
          scrollHeight > clientHeight
        ).length
      ),
      0,
    );
  },
);
