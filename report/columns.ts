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
import type { OutageSummary, Transport } from "../events/mod.ts";
import {
  METRIC_LIST,
  type MetricDefinition,
  type MetricKind,
  wholeOf,
} from "../measure/metrics.ts";
import type { Measurements } from "./measurements.ts";
import type { Verdict } from "./runs.ts";

/** A run, ready to be shown. */
export interface Row {
  /** What it is called: by its labels, or by its file. */
  name: string;
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
  /** Its outages, where they are all that is known of it. */
  outages?: OutageSummary;
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
  /** It is shown only where there is a run with outages. */
  needsOutages?: true;
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
  format: (value: number, of: number) => string = String,
  whole = ({ messages_sent = 0 }: Partial<Measurements>) => messages_sent,
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
      return figure === undefined
        ? ""
        : format(figure, whole(line.measurements!));
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

/** In a narrow column, the line breaks before the bits a second, not within. */
function narrowByteRate(bytesPerSecond: number): string {
  return formatByteRate(bytesPerSecond).replaceAll(/ (?!\()/g, "\u00a0");
}

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
    .map((metric) => ({
      ...figureColumn(
        metric.name === "outage" ? "longest outage" : metric.name,
        metric.name.replaceAll(".", "_") + UNIT_SUFFIXES[metric.kind],
        ({ messages_sent = 0, ...rest }) =>
          metric.read({ messages_sent, ...rest }),
        // A narrow column breaks the line before the share, not within.
        (value, sent) =>
          FIGURE_FORMATS[metric.kind](value, sent).replace(" %", "\u00a0%"),
        ({ messages_sent = 0, ...rest }) =>
          wholeOf(metric, { messages_sent, ...rest }),
      ),
      needsOutages: place === "with-outages" || undefined,
    }));
}

/** The columns that a table of these runs has: those with something to show. */
export function columnsOf(rows: readonly TableLine[]): Column[] {
  const hasOutages = rows.some(({ measurements }) =>
    measurements?.measured?.outages?.count
  );
  return COLUMNS.filter(({ text, needsOutages }) =>
    rows.some((row) => text(row) !== "") && (hasOutages || !needsOutages)
  );
}

/** The columns of the page's table and of a summary in Markdown. */
export const COLUMNS: readonly Column[] = [
  textColumn("Run", "run", ({ name }) => name),
  textColumn("Verdict", "verdict", ({ verdict }) => verdict?.text),
  // Where there are any, they come before how fast the rest was.
  ...metricColumns("with-outages"),
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
    narrowByteRate,
  ),
  figureColumn(
    "In",
    "received_bytes_per_second",
    ({ measured }) => measured?.received_bytes_per_second,
    narrowByteRate,
  ),
  ...metricColumns("always"),
];

/** The further columns of CSV. */
export const MORE_COLUMNS: readonly Column[] = [
  textColumn("Reason", "reason", ({ verdict }) => verdict?.reason),
  textColumn("File", "file", ({ source }) => source),
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
