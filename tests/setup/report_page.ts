/**
 * The page of a report, opened in a browser.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import {
  bundlePage,
  type PageComparison,
  readRuns,
  reportPage,
  type Source,
} from "../../report/mod.ts";
import { CHROMIUM, launchBrowser } from "./browser.ts";
import { isFromSource } from "./process.ts";
import { testWhere } from "./where.ts";

/** Shared by all tests: the page's program and a browser, each made once. */
let assets: ReturnType<typeof bundlePage> | undefined;
let browser: Promise<Browser> | undefined;

Deno.test.afterAll(async () => await (await browser)?.close());

/** A page opened from disk, without a network. */
export interface OpenPage {
  page: Page;
  /** The URLs that it has requested. */
  requests: string[];
  /** Its errors. */
  complaints: string[];
  /** Its file's size, without the program and the style. */
  dataSize: number;
}

/** Opens a page. */
export async function openPage(
  sources: Source[],
  options: BrowserContextOptions,
  use: (open: OpenPage) => Promise<void>,
  comparison?: PageComparison,
): Promise<void> {
  assets ??= bundlePage();
  browser ??= launchBrowser();
  const made = await assets;
  const html = await reportPage(await readRuns(sources), made, {
    comparison,
  });
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

/** A test with a page opened, where there is a browser. */
export function pageTest(
  name: string,
  sources: () => Promise<Source[]> | Source[],
  use: (open: OpenPage) => Promise<void>,
  options: BrowserContextOptions = {},
  comparison?: PageComparison,
): void {
  testWhere(
    CHROMIUM !== undefined && isFromSource(),
    "Chromium is not installed",
    name,
    async () => await openPage(await sources(), options, use, comparison),
  );
}

/** The texts of a table's rows, by what each is called. */
export async function rows(
  page: Page,
  part: string,
): Promise<Record<string, string>[]> {
  return await page.evaluate(
    (selector) =>
      // The tests know nothing of a document; the browser does.
      [...(globalThis as unknown as {
        document: {
          querySelectorAll(selector: string): Iterable<{
            querySelectorAll(selector: string): Iterable<
              { dataset: { title: string }; textContent: string }
            >;
          }>;
        };
      }).document.querySelectorAll(selector)].map((row) =>
        Object.fromEntries(
          [...row.querySelectorAll("[data-title]")].map((
            { dataset, textContent },
          ) => [dataset.title, textContent]),
        )
      ),
    part,
  );
}

/** The runs that a chart shows, by its legend. */
export async function legend(page: Page, chart: string): Promise<string[]> {
  const labels = await page.locator("figure")
    .filter({ has: page.getByRole("heading", { name: chart, exact: true }) })
    .locator(".u-label").allTextContents();
  return labels.slice(1);
}
