/**
 * A run under load as a table, phase by phase.
 *
 * @module
 */
// @ts-types="./colors.d.ts"
import { dim } from "@std/fmt/colors";
import type { LoadPhase, UnderLoad } from "../../events/mod.ts";
import {
  formatBitRate,
  formatDuration,
  formatRate,
} from "../../text/format.ts";

const TITLES = [
  "",
  "out",
  "back",
  "p50",
  "p90",
  "p99",
  "times quiet",
  "a minute",
  "",
];

/** The options that a direction needs, where it was left out. */
const NEEDS = {
  out: "out needs --discard-port",
  back: "back needs --chargen-port",
  both: "both need an echo server",
};

/** The phases as lines, with what sums them up. */
export function loadLines(underLoad: UnderLoad): string[] {
  const { phases, left_out, responsiveness, bulk, connections } = underLoad;
  const rows = phases.map(cellsOf);
  const widths = TITLES.map((title, column) =>
    Math.max(title.length, ...rows.map((cells) => cells[column].length))
  );
  const line = (cells: string[]) =>
    cells.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd();
  const without = left_out.filter((each) => each !== "both");
  // Over UDP nothing can be named that would bring it back alone.
  const needs = without.filter((each) => bulk === "TCP" || each !== "back");
  return [
    dim(`  ${line(TITLES)}`),
    ...rows.map((cells) => `  ${line(cells)}`),
    ...responsiveness === undefined ? [] : [
      `  responsiveness ${responsiveness} round trips a minute, in the worst phase (RPM-like: no HTTP/2, no TLS)`,
    ],
    `  load ${connections} over ${bulk}${
      without.length === 0
        ? ""
        : `, none ${without.join(" or ")} alone${
          needs.length === 0
            ? ""
            : `: ${needs.map((each) => NEEDS[each]).join(", ")}`
        }`
    }`,
  ];
}

function cellsOf(phase: LoadPhase): string[] {
  const { sent_bytes_per_second: sent, received_bytes_per_second: received } =
    phase;
  const { rtt_us, times_quiet, responsiveness, confidence, lost } = phase;
  const shown = (
    figure: number | undefined,
    format: (figure: number) => string,
  ) => figure === undefined ? "" : format(figure);
  const notes = [
    confidence === "low"
      ? "speed not settled"
      : confidence === "medium"
      ? "delay not settled"
      : "",
    lost ? `${lost} lost` : "",
  ];
  return [
    phase.phase,
    shown(sent, formatBitRate),
    shown(received, formatBitRate),
    shown(rtt_us?.p50, formatDuration),
    shown(rtt_us?.p90, formatDuration),
    shown(rtt_us?.p99, formatDuration),
    shown(times_quiet, (times) => `${Number(times.toPrecision(3))}`),
    shown(responsiveness, formatRate),
    notes.filter((note) => note !== "").join(", "),
  ];
}
