/**
 * The report's page on paper.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Source } from "../../report/mod.ts";
import { CHROMIUM } from "../setup/browser.ts";
import { longRunText } from "../setup/long_run.ts";
import { meshOf } from "../setup/mesh_input.ts";
import { isFromSource } from "../setup/process.ts";
import { openPage } from "../setup/report_page.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

/** A word on paper; lengths are in points, from the left. */
interface Word {
  text: string;
  left: number;
  right: number;
}

/** A sheet. */
interface Sheet {
  width: number;
  words: Word[];
}

/** What a page is on A4: each sheet's words, and where they stand. */
async function printed(page: Page, landscape: boolean): Promise<Sheet[]> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "report.pdf");
    await page.pdf({ path, format: "A4", landscape });
    const { stdout } = await new Deno.Command("pdftotext", {
      args: ["-bbox", path, "-"],
    }).output();
    const text = new TextDecoder().decode(stdout);
    return [...text.matchAll(/<page width="([\d.]+)"[^]*?<\/page>/g)].map((
      [sheet, width],
    ) => ({
      width: Number(width),
      words: [
        ...sheet.matchAll(/<word xMin="([\d.]+)".*?xMax="([\d.]+)".*?>(.*?)</g),
      ].map(([, left, right, text]) => ({
        text,
        left: Number(left),
        right: Number(right),
      })),
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function manyRuns(): Promise<Source[]> {
  const racks = Array.from({ length: 20 }, (_, i) => i + 1);
  return [
    ...await meshOf({ boxes: 3, lossy: [1, 2] }),
    ...await Promise.all(racks.map(async (rack) => ({
      name: `rack${rack}.jsonl`,
      text: await longRunText({
        from: Date.parse("2026-11-24T21:00:00Z"),
        seconds: 60,
        every: 10,
        label: `rack-${rack}`,
        outages: [[20, 22]],
      }),
    }))),
  ];
}

for (const landscape of [false, true]) {
  testWhere(
    CHROMIUM !== undefined && isFromSource() && isInstalled("pdftotext"),
    "Chromium or poppler-utils is not installed",
    `the page on A4 ${
      landscape ? "across" : "upright"
    } has every run in one piece, all columns, and no controls`,
    async () => {
      await openPage(await manyRuns(), {}, async ({ page, complaints }) => {
        const sheets = await printed(page, landscape);
        assert(sheets.length > 2, `${sheets.length} sheets`);
        for (const { width, words } of sheets) {
          assertEquals(width > 800, landscape);
          const outside = words.filter(({ left, right }) =>
            left < 30 || right > width - 30
          );
          assertEquals(outside, []);
        }
        const texts = sheets.map(({ words }) => words.map(({ text }) => text));
        const count = (sheet: string[], word: string) =>
          sheet.filter((text) => text === word).length;
        // A card begins with its run's settings, and ends with its rate.
        for (const sheet of texts) {
          assertEquals(count(sheet, "socket,"), count(sheet, "rate"));
        }
        assertEquals(texts.flat().filter((text) => text === "rate").length, 26);
        const all = texts.flat().join(" ");
        for (const control of ["Sort", "as a table", "Times in"]) {
          assert(!all.includes(control), control);
        }
        assert(all.includes("✗"), "the mark of a bad path");
        assertEquals(complaints, []);
      });
    },
  );
}
