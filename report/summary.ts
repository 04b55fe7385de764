/**
 * Runs as a table of text: for pull requests, and for spreadsheets.
 *
 * @module
 */
import { oneLine } from "../text/printable.ts";
import { type Column, COLUMNS, MORE_COLUMNS, type Row } from "./columns.ts";

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

/** The runs as a table in Markdown, for a pull request. */
export function markdownSummary(rows: readonly Row[]): string {
  return markdownTable(
    COLUMNS.map(({ title }) => title),
    rows.map((row) => COLUMNS.map(({ text }) => text(row))),
  );
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
