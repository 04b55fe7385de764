/**
 * Makes the README's pictures of reports, from real runs: some that are kept, and
 * a mesh that is measured on this machine.
 *
 * @module
 */
import type { Page } from "playwright-core";
import {
  bundlePage,
  type PageOptions,
  readRuns,
  reportPage,
  type Source,
} from "../../report/mod.ts";
import { CHROMIUM, launchBrowser } from "../setup/browser.ts";
import { ROOT } from "../setup/process.ts";
import { measureMesh } from "../setup/real_mesh.ts";

/** A picture: its file, and what is on it. */
interface Picture {
  file: string;
  sources: () => Source[] | Promise<Source[]>;
  texts?: PageOptions;
  /** Brings what is to be seen into view; else it is all of the page. */
  show?: (page: Page) => Promise<void>;
}

const PICTURES: Picture[] = [{
  file: "docs/report.png",
  sources: () =>
    ["quiet", "busy", "lossy", "tcp-server", "udp-server"].map((name) => ({
      name: `${name}.jsonl`,
      text: Deno.readTextFileSync(`${ROOT}tests/data/${name}.jsonl`),
    })),
}, {
  file: "docs/mesh.png",
  sources: () =>
    measureMesh({
      boxes: ["box1", "box2", "box3", "box4", "box5"],
      down: "box6",
      lossy: { from: "box3", to: "box5" },
      count: 500,
      rate: 50,
    }),
  texts: { title: "Lab 3", notes: ["After the new switch; box6 is off."] },
  show: async (page) => {
    await page.locator(".mesh td.bad").first().click();
    await page.getByText("1 of 25 runs").waitFor();
    await page.evaluate("scrollTo(0, 0)");
  },
}];

if (CHROMIUM === undefined) {
  console.error("report:screenshot: Chromium is not installed");
  Deno.exit(1);
}
const assets = await bundlePage();
const browser = await launchBrowser();
try {
  for (const { file, sources, texts, show } of PICTURES) {
    const page = await browser.newPage({
      viewport: { width: 1400, height: 900 },
      colorScheme: "light",
      timezoneId: "UTC",
    });
    const runs = await readRuns(await sources());
    await page.setContent(await reportPage(runs, assets, texts));
    await page.waitForSelector("body[data-ready]");
    await show?.(page);
    const path = ROOT + file;
    await page.screenshot({ path, fullPage: show === undefined });
    await page.close();
    const { size } = await Deno.stat(path);
    console.log(`${file}: ${(size / 1e3).toFixed(0)} kB`);
  }
} finally {
  await browser.close();
}
