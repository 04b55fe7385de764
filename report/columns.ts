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
import type { Transport } from "../events/mod.ts";
import {
  METRIC_LIST,
  type MetricDefinition,
  type MetricKind,
} from "../measure/metrics.ts";
import type { Measurements } from "./measurements.ts";
import type { Verdict } from "./runs.ts";

/** A run, ready to be shown. */
export interface Row {
  /** The file that it was read from, and of several in a file its number. */
  source: string;
  /** Which client. */
  role: string;
  /** Its transport. */
  transport: Transport;
  /** The peer, as it was given to the client; absent where it is unknown. */
  target?: string;
  /** The peer's port, which matches the run with its server. */
  port?: number;
  /** When it began (RFC 3339). */
  time: string;
  /** Its settings, in words. */
  settings: string;
  /** Its figures; absent where it sent nothing. */
  measurements?: Measurements;
  /** Whether it passed. */
  verdict: Verdict;
}

/** A line of the table: a run, or several summed up, which have fewer columns. */
export type TableLine =
  & Partial<Omit<Row, "measurements">>
  & { measurements?: Partial<Measurements> };

/** A column. */
export interface Column {
  /** Its heading. */
  title: string;
  /** Its heading in CSV, with the unit. */
  name: string;
  /** Whether it has figures, which are aligned right. */
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
      const sent = line.measurements?.messages_sent ?? 0;
      return figure === undefined ? "" : format(figure, sent);
    },
  };
}

/** `2026-11-24 02:05:13` of `2026-11-24T02:05:13.123Z`, which is UTC. */
function shortTime(time: string): string {
  return time.slice(0, 19).replace("T", " ");
}

/** How a metric's figure is shown, of so many messages sent. */
export const FIGURE_FORMATS: Record<
  MetricKind,
  (value: number, sent: number) => string
> = {
  time: formatDuration,
  share: (count, sent) =>
    count === 0 ? "0" : `${count} (${formatShare(count, sent)})`,
  count: String,
  percentage: (percent) => `${percent} %`,
  rate: (rate) => `${formatRate(rate)}/s`,
  throughput: formatByteRate,
  frequency: (perMinute) => `${formatRate(perMinute)}/min`,
};

/** The suffixes of columns' names, by the unit of their kind. */
const UNIT_SUFFIXES: Record<MetricKind, string> = {
  time: "_us",
  share: "",
  count: "",
  percentage: "_percent",
  rate: "_per_second",
  throughput: "_bytes_per_second",
  frequency: "_per_minute",
};

/** The columns of the metrics that a table shows. */
function metricColumns(place: MetricDefinition["column"]): Column[] {
  return METRIC_LIST.filter(({ column }) => column === place)
    .map(({ name, kind, read }) =>
      figureColumn(
        name,
        name.replace(".", "_") + UNIT_SUFFIXES[kind],
        ({ messages_sent = 0, ...rest }) => read({ messages_sent, ...rest }),
        // A narrow column breaks the line before the share, not within.
        (value, sent) =>
          FIGURE_FORMATS[kind](value, sent).replace(" %", "\u00a0%"),
      )
    );
}

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
    "Out",
    "sent_bytes_per_second",
    ({ measured }) => measured?.sent_bytes_per_second,
    formatByteRate,
  ),
  figureColumn(
    "In",
    "received_bytes_per_second",
    ({ measured }) => measured?.received_bytes_per_second,
    formatByteRate,
  ),
  ...metricColumns("always"),
];

/** The further columns of CSV. */
export const MORE_COLUMNS: readonly Column[] = [
  textColumn("Reason", "reason", ({ verdict }) => verdict?.reason),
  textColumn("Role", "role", ({ role }) => role),
  figureColumn("Sent", "sent", ({ messages_sent }) => messages_sent),
  figureColumn(
    "Received",
    "received",
    ({ messages_received }) => messages_received,
  ),
  figureColumn("Duration", "duration_us", ({ duration_us }) => duration_us),
  ...metricColumns("for-programs"),
];
