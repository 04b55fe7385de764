/**
 * Makes the README's screenshot of a report, from real runs.
 *
 * @module
 */
import { readRuns, reportPage } from "../../report/mod.ts";
import { CHROMIUM, launchBrowser } from "../setup/browser.ts";
import { ROOT } from "../setup/process.ts";

const FILES = ["quiet", "busy", "lossy", "tcp-server", "udp-server"]
  .map((name) => `${name}.jsonl`);
const PICTURE = `${ROOT}docs/report.png`;

if (CHROMIUM === undefined) {
  console.error("report:screenshot: Chromium is not installed");
  Deno.exit(1);
}
const runs = await readRuns(FILES.map((name) => ({
  name,
  text: Deno.readTextFileSync(`${ROOT}tests/data/${name}`),
})));
const browser = await launchBrowser();
try {
  const page = await browser.newPage({
    viewport: { width: 1400, height: 900 },
    colorScheme: "light",
    timezoneId: "UTC",
  });
  await page.setContent(await reportPage(runs));
  await page.waitForSelector("body[data-ready]");
  await Deno.mkdir(`${ROOT}docs`, { recursive: true });
  await page.screenshot({ path: PICTURE, fullPage: true });
} finally {
  await browser.close();
}
const { size } = await Deno.stat(PICTURE);
console.log(`docs/report.png: ${(size / 1e3).toFixed(0)} kB`);
