/// <reference lib="dom" />
/**
 * The table of the servers, beside what their clients report as sent.
 *
 * @module
 */
import { formatBytes, formatDuration } from "../../text/format.ts";
import type { PageRun } from "../page_data.ts";
import type { ServerRun } from "../runs.ts";
import { formatZoned } from "./clock.ts";
import { element, scrolling } from "./dom.ts";

/** A column: its title, and what it shows of a server and of the clients' runs. */
type ServerColumn = [
  title: string,
  text: (server: ServerRun, runs: PageRun[]) => string,
];

const number = (value: number | undefined) =>
  value === undefined ? "" : String(value);
const bytes = (value: number | undefined) =>
  value === undefined ? "" : formatBytes(value);

const COLUMNS: ServerColumn[] = [
  ["Server", ({ source }) => source],
  [
    "Listened at",
    ({ transport, listening }) => {
      if (listening === undefined) return "";
      const { host, port, service } = listening;
      return `${transport} ${host}:${port}, ${service}`;
    },
  ],
  ["Began", ({ time }) => formatZoned("local", Date.parse(time) / 1e3)],
  [
    "Ran for",
    ({ summary }) =>
      summary === undefined ? "" : formatDuration(summary.duration_us),
  ],
  ["Clients", ({ connections }) => number(connections)],
  ["Datagrams", ({ summary }) => number(summary?.datagrams?.received)],
  ["Received", ({ summary }) => bytes(summary?.bytes_received)],
  [
    "Sent by the runs above",
    (server, runs) => {
      const total = runs.filter((run) => mayServe(server, run))
        .reduce((sum, run) => sum + (run.measurements?.bytes_sent ?? 0), 0);
      return total === 0 ? "" : formatBytes(total);
    },
  ],
  ["Sent", ({ summary }) => bytes(summary?.bytes_sent)],
  ["Trouble", troubles],
];

/** `none`, or `3 rejected, 1 cut off`. */
function troubles({ summary }: ServerRun): string {
  if (summary === undefined) return "no summary: it was killed, or still runs";
  const { rejected, faults, connections, datagrams, reflections } = summary;
  const parts = [
    [rejected, "rejected"],
    [datagrams?.suppressed, "answers suppressed"],
    [reflections?.sessions_forgotten, "sessions forgotten"],
    [reflections?.too_short, "too short"],
    [reflections?.wrong_hmac, "with a wrong HMAC"],
    [reflections?.reflected_already, "reflected already"],
    [reflections?.standstills, "times at a standstill"],
    [reflections?.clock_steps, "steps of the clock"],
    [connections?.failed, "broken off"],
    [connections?.idle, "idle too long"],
    [connections?.cut_off, "cut off at its stop"],
    [faults, "failures survived"],
  ].filter(([count]) => count).map(([count, name]) => `${count} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** Whether a run's peer may be this server: their transports and ports are the same. */
function mayServe(server: ServerRun, run: PageRun): boolean {
  return server.listening?.port === run.port &&
    server.transport === run.transport;
}

/** Creates the table. */
export function serversTable(
  servers: ServerRun[],
  runs: PageRun[],
): HTMLElement {
  const columns = COLUMNS.filter(([, text]) =>
    servers.some((server) => text(server, runs) !== "")
  );
  const rows = servers.map((server) =>
    element(
      "tr",
      {},
      ...columns.map(([title, text], i) => {
        const content = text(server, runs);
        const cell = i === 0
          ? element("th", { scope: "row" }, content)
          : element("td", {}, content);
        cell.dataset.title = title;
        return cell;
      }),
    )
  );
  return scrolling(
    "Servers",
    element(
      "table",
      { className: "servers" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...columns.map(([title]) => element("th", { scope: "col" }, title)),
        ),
      ),
      element("tbody", {}, ...rows),
    ),
  );
}
