/**
 * A report as one HTML file.
 *
 * @module
 */
import { bundlePage, type PageAssets } from "./assets.ts";
import { pageData, type PageOptions } from "./page_data.ts";
import type { Runs } from "./runs.ts";

/**
 * Makes a report: one HTML file with its data, its program and its style, whose
 * Content-Security-Policy blocks everything from outside.
 *
 * @param runs The runs to report.
 * @param assets The page's program and style, where they have been bundled
 *   before; {@linkcode bundlePage} says which permissions that needs.
 * @param options Its title and notes, and a comparison.
 *
 * @example
 * ```ts
 * import { readRuns, reportPage } from "./report/mod.ts";
 *
 * const name = "run.jsonl";
 * const runs = await readRuns([{ name, text: await Deno.readTextFile(name) }]);
 * await Deno.writeTextFile("report.html", await reportPage(runs));
 * ```
 */
export async function reportPage(
  runs: Runs,
  assets?: PageAssets,
  options: PageOptions = {},
): Promise<string> {
  const { script, style } = assets ?? await bundlePage();
  const shown = await pageData(runs, options);
  const data = inlineJson(shown);
  const program = script.replaceAll("</script", "<\\/script");
  const policy = [
    "default-src 'none'",
    `script-src '${await hash(program)}'`,
    `style-src '${await hash(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeText(shown.title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page needs JavaScript to show its figures; it loads nothing.</noscript>
<main id="report"></main>
<script type="application/json" id="data">${data}</script>
<script type="module">${program}</script>
</body>
</html>
`;
}

/** JSON in which an HTML parser finds no markup, nor the end of its element. */
function inlineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

/** Text in which an HTML parser finds no markup. */
function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** A source as a Content-Security-Policy names it. */
async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}
