/**
 * Reports: what clients and servers printed with `--json`, from any number of
 * files, as a page, as a table, or compared.
 *
 * @example A page from two runs
 * ```ts
 * import { readRuns, reportPage } from "./report/mod.ts";
 *
 * const names = ["monday.jsonl", "tuesday.jsonl"];
 * const runs = await readRuns(
 *   names.map((name) => ({ name, text: Deno.readTextFileSync(name) })),
 * );
 * await Deno.writeTextFile("report.html", await reportPage(runs));
 * ```
 *
 * @module
 */
export { type ErrorEvent } from "../events/line.ts";
export * from "./runs.ts";
export { readRuns, type Source } from "./read.ts";
export { type RunFigures } from "../measure/metrics.ts";
export * from "./measurements.ts";
export * from "./compare.ts";
export * from "./settings.ts";
export { type Column, type Row, type TableLine } from "./columns.ts";
export { type PageComparison, type PageOptions, rowsOf } from "./page_data.ts";
export { csvSummary, markdownSummary } from "./summary.ts";
export { bundlePage, type PageAssets } from "./assets.ts";
export { reportPage } from "./html.ts";
