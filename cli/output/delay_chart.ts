/**
 * A histogram of delays, drawn in characters.
 *
 * @module
 */
import type { DelayCount } from "../../measure/histogram.ts";

/** How a chart is drawn. */
export interface ChartStyle {
  /** The width of a line, in characters. */
  width: number;
  /** Draw with ASCII characters alone. */
  ascii: boolean;
}

/** Lines of a chart. */
const ROWS = 10;

const NARROWEST_BAR = 10;

/** Eighths of a character cell, from one to all. */
const EIGHTHS = "▏▎▍▌▋▊▉█";

/**
 * Draws a histogram. The scale of the delays is logarithmic, so that a tail a
 * thousand times as long as the rest fits in; that of the bars is linear.
 *
 * @param counts The delays, in order, and how many there were of each.
 * @param format Formats a delay in microseconds.
 */
export function delayChart(
  counts: readonly DelayCount[],
  format: (microseconds: number) => string,
  style: ChartStyle,
): string[] {
  if (counts.length === 0) return [];
  const [first, last] = [counts[0][0], counts[counts.length - 1][0]];
  const rows = first === last ? 1 : ROWS;
  const bounds = Array.from(
    { length: rows },
    (_, row) => first * (last / first) ** ((row + 1) / rows),
  );
  bounds[rows - 1] = last;
  const sums: number[] = Array(rows).fill(0);
  for (const [delay, count] of counts) {
    sums[bounds.findIndex((bound) => delay <= bound)] += count;
  }
  const upTo = style.ascii ? "<=" : "≤";
  const labels = bounds.map((bound) => `${upTo} ${format(bound)}`);
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const numberWidth = String(Math.max(...sums)).length;
  const barWidth = Math.max(
    style.width - labelWidth - numberWidth - 6,
    NARROWEST_BAR,
  );
  const largest = Math.max(...sums);
  return sums.map((sum, row) => {
    const label = labels[row].padStart(labelWidth);
    const count = String(sum).padStart(numberWidth);
    const drawn = bar(sum / largest * barWidth, style.ascii);
    return `  ${label} ${style.ascii ? "|" : "│"} ${count} ${drawn}`.trimEnd();
  });
}

/** A bar of a length in character cells; above 0, some of it always shows. */
function bar(length: number, ascii: boolean): string {
  if (length === 0) return "";
  if (ascii) return "#".repeat(Math.max(Math.round(length), 1));
  const eighths = Math.max(Math.round(length * 8), 1);
  const rest = eighths % 8;
  return "█".repeat(Math.floor(eighths / 8)) +
    (rest === 0 ? "" : EIGHTHS[rest - 1]);
}
