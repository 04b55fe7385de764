/**
 * The table of runs: its columns, for the page and for summaries alike.
 *
 * @module
 */
import {
  formatByteRate,
  formatDuration,
  formatRate,
  formatShare,
} from "../text/format.ts";
import type { Measurements } from "./measurements.ts";
import type { Verdict } from "./runs.ts";

/** A run, ready to be shown. */
export interface Row {
  /** The file that it was read from, and of several in a file its number. */
  source: string;
  /** Which client. */
  role: string;
  /** The peer, as it was asked for; absent where nothing tells. */
  target?: string;
  /** The peer's port, by which its server is found. */
  port?: number;
  /** When it began (RFC 3339). */
  time: string;
  /** What was asked for, in words. */
  settings: string;
  /** Its figures; absent where it never came to send. */
  measurements?: Measurements;
  /** Whether it passed. */
  verdict: Verdict;
}

/** What a line of the table may know: of several runs summed up, it is less. */
export type TableLine =
  & Partial<Omit<Row, "measurements">>
  & { measurements?: Partial<Measurements> };

/** A column. */
export interface Column {
  /** Its heading. */
  title: string;
  /** Its heading in a table for programs, with the unit. */
  name: string;
  /** Whether it has figures, which stand right. */
  isFigure: boolean;
  /** What it shows; empty where there is no such figure. */
  text(line: TableLine): string;
  /** The same as a bare value, which lines are sorted by. */
  value(line: TableLine): string | number | undefined;
}

function textColumn(
  title: string,
  name: string,
  value: (line: TableLine) => string | undefined,
  text: (value: string) => string = (value) => value,
): Column {
  return {
    title,
    name,
    isFigure: false,
    value,
    text: (line) => text(value(line) ?? ""),
  };
}

function figureColumn(
  title: string,
  name: string,
  read: (measurements: Partial<Measurements>) => number | undefined,
  format: (value: number, sent: number) => string = String,
): Column {
  const value = ({ measurements }: TableLine) =>
    measurements === undefined ? undefined : read(measurements);
  return {
    title,
    name,
    isFigure: true,
    value,
    text: (line) => {
      const figure = value(line);
      const sent = line.measurements?.sent ?? 0;
      return figure === undefined ? "" : format(figure, sent);
    },
  };
}

/** `2026-11-24 02:05:13` of `2026-11-24T02:05:13.123Z`, which is UTC. */
function shortTime(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}

const DELAYS = ["p50", "p90", "p99", "p99.9", "max"] as const;

/** The columns of the page's table and of a summary in Markdown. */
export const COLUMNS: readonly Column[] = [
  textColumn("Run", "run", ({ source }) => source),
  textColumn("Verdict", "verdict", ({ verdict }) => verdict?.text),
  textColumn("Peer", "peer", ({ target }) => target),
  textColumn(
    "Time (UTC)",
    "time",
    ({ time }) => time,
    shortTime,
  ),
  textColumn("Settings", "settings", ({ settings }) => settings),
  figureColumn(
    "Messages/s",
    "messages_per_second",
    ({ messages_per_second }) => messages_per_second,
    formatRate,
  ),
  figureColumn(
    "Out",
    "sent_bytes_per_second",
    ({ sent_bytes_per_second }) => sent_bytes_per_second,
    formatByteRate,
  ),
  figureColumn(
    "In",
    "received_bytes_per_second",
    ({ received_bytes_per_second }) => received_bytes_per_second,
    formatByteRate,
  ),
  ...DELAYS.map((name) =>
    figureColumn(
      name,
      `${name.replace(".", "_")}_us`,
      ({ rtt_us }) => rtt_us?.[name],
      formatDuration,
    )
  ),
  figureColumn(
    "Lost",
    "lost",
    ({ lost }) => lost,
    (lost, sent) =>
      lost === 0
        ? "0"
        // A narrow column breaks it before the share, not within.
        : `${lost} (${formatShare(lost, sent).replace(" ", "\u00a0")})`,
  ),
];

/** What a table for programs has besides. */
export const MORE_COLUMNS: readonly Column[] = [
  textColumn("Reason", "reason", ({ verdict }) => verdict?.reason),
  textColumn("Role", "role", ({ role }) => role),
  figureColumn("Sent", "sent", ({ sent }) => sent),
  figureColumn("Received", "received", ({ received }) => received),
  figureColumn("Duration", "duration_us", ({ duration_us }) => duration_us),
  figureColumn("min", "min_us", ({ rtt_us }) => rtt_us?.min),
  figureColumn("mean", "mean_us", ({ rtt_us }) => rtt_us?.mean),
  figureColumn("Late", "late", ({ late }) => late),
  figureColumn("Duplicates", "duplicates", ({ duplicates }) => duplicates),
  figureColumn("Reordered", "reordered", ({ reordered }) => reordered),
  figureColumn("Corrupted", "corrupted", ({ corrupted }) => corrupted),
  figureColumn("Jitter", "jitter_us", ({ jitter_us }) => jitter_us),
  figureColumn("Errors", "errors", ({ errors }) => errors),
];
