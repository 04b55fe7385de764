/**
 * Runs as a table of text: for pull requests, and for spreadsheets.
 *
 * @module
 */
import { oneLine } from "../text/printable.ts";
import { formatDuration } from "../text/format.ts";
import {
  type Column,
  COLUMNS,
  columnsOf,
  MORE_COLUMNS,
  type Row,
} from "./columns.ts";
import { formatLength, listedOutages } from "./outages.ts";

/** Untrusted text as a line, or a cell, of Markdown, with all markup escaped. */
export function markdownText(text: string): string {
  return oneLine(text).replaceAll(/[\\`*_[\]<>|~&$]/g, (sign) => `\\${sign}`);
}

/** A table in Markdown, without empty columns. */
export function markdownTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const used = titles.map((_, i) => rows.some((row) => row[i] !== ""));
  const line = (cells: readonly string[]) =>
    `| ${cells.filter((_, i) => used[i]).join(" | ")} |\n`;
  return line(titles) + line(titles.map(() => "---")) +
    rows.map((row) => line(row.map(markdownText))).join("");
}

/** The runs as a table in Markdown, and their outages as another. */
export function markdownSummary(rows: readonly Row[]): string {
  const columns = columnsOf(rows);
  const runs = markdownTable(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map(({ text }) => text(row))),
  );
  const cutOff = rows.filter(({ verdict }) => verdict.text === "cut off")
    .map(({ name, verdict }) =>
      `- ${markdownText(`${name}: ${verdict.reason}`)}\n`
    );
  return [
    runs,
    ...cutOff.length > 0 ? [cutOff.join("")] : [],
    ...outageTable(rows),
  ].join("\n");
}

/** A table of the outages that are listed, and the number of those that are not. */
function outageTable(rows: readonly Row[]): string[] {
  const listed = rows.map((row) => ({ row, ...listedOutages(row) }));
  const lines = listed.flatMap(({ row, outages }) =>
    outages.map((outage) => {
      const { began, ended, uncertainty_us } = outage;
      return [
        row.name,
        utc(began),
        ended === undefined ? "not ended" : utc(ended),
        formatLength(outage),
        uncertainty_us === undefined ? "" : formatDuration(uncertainty_us),
      ];
    })
  );
  const rest = listed.filter(({ unlisted }) => unlisted !== undefined)
    .map(({ row, unlisted }) =>
      `- ${markdownText(`${row.name}: ${unlisted}`)}\n`
    );
  return [
    ...lines.length === 0 ? [] : [markdownTable(
      ["Run", "Down from (UTC)", "to", "Length", "off by at most"],
      lines,
    )],
    ...rest.length === 0 ? [] : [rest.join("")],
  ];
}

/** `2026-11-24 22:28:35.2`. */
function utc(time: string): string {
  return time.slice(0, 21).replace("T", " ");
}

/**
 * A value as a cell of CSV (RFC 4180). An apostrophe keeps a spreadsheet from
 * running a text that begins like a formula.
 */
function csvCell(value: string | number | undefined): string {
  if (typeof value !== "string") return String(value ?? "");
  const line = oneLine(value);
  const text = /^[=+\-@]/.test(line) ? `'${line}` : line;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The runs as CSV (RFC 4180): bare values, their units in the first line. */
export function csvSummary(rows: readonly Row[]): string {
  const columns: Column[] = [...COLUMNS, ...MORE_COLUMNS];
  const lines = [
    columns.map(({ name }) => name),
    ...rows.map((row) => columns.map(({ value }) => value(row))),
  ];
  return lines.map((line) => `${line.map(csvCell).join(",")}\r\n`).join("");
}
