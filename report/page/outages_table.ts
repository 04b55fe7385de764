/// <reference lib="dom" />
/**
 * The list of outages and of lost connections: the charts' bands and marks as text.
 *
 * @module
 */
import { formatDuration } from "../../text/format.ts";
import { formatLength, listedOutages, outagesOf } from "../outages.ts";
import type { PageRun } from "../page_data.ts";
import { formatMoment, type Zone, zoneName } from "./clock.ts";
import { element, scrolling } from "./dom.ts";
import type { TimeScale } from "./timeline.ts";

/** The most rows; the longest outages are shown, and the rest is counted. */
const MOST_ROWS = 300;

/** What an outage is called; the column is left out where all are outages. */
const DOWN = "down";

/** A row: an outage, or a connection that was lost. */
interface Row {
  run: PageRun;
  /** Milliseconds since 1970. */
  at: number;
  /** How long it was, at least; it orders the rows by importance. */
  length_us: number;
  cells: (clock: Clock) => string[];
}

/** Shows times. */
interface Clock {
  /** A moment with its date. */
  moment: (time: string) => string;
  /** The same after another, without its date where that is the same day. */
  after: (time: string, before: string) => string;
}

/** Whether any of the runs has something to list. */
export function hasOutages(runs: readonly PageRun[]): boolean {
  return runs.some((run) =>
    run.disconnections.length > 0 || outagesOf(run)?.count
  );
}

/** The list of the selected runs. */
export class OutagesTable {
  /** Its element. */
  readonly element: HTMLElement = element("div", { className: "down" });

  /** Shows the outages of these runs, in times of the scale. */
  show(runs: readonly PageRun[], scale: TimeScale): void {
    // The time since a start is no time to look for in a log.
    const zone = scale === "start" ? "local" : scale;
    const all = runs.flatMap(rowsOf);
    const shown = all.toSorted((one, other) => other.length_us - one.length_us)
      .slice(0, MOST_ROWS)
      .sort((one, other) => one.at - other.at);
    const unlisted = runs.flatMap((run) => {
      const { unlisted } = listedOutages(run);
      return unlisted === undefined ? [] : `${run.name}: ${unlisted}`;
    });
    if (all.length > shown.length) {
      unlisted.push(`${all.length - shown.length} more, which were shorter`);
    }
    const name = zoneName(zone, (shown[0]?.at ?? Date.now()) / 1e3);
    this.element.replaceChildren(
      element("h3", {}, `Outages, in ${name}`),
      ...shown.length === 0 ? [] : [table(shown, zone)],
      ...shown.length + unlisted.length === 0
        ? [element("p", {}, "None in the selected runs.")]
        : unlisted.map((text) => element("p", { className: "rest" }, text)),
    );
  }
}

function rowsOf(run: PageRun): Row[] {
  const outages = listedOutages(run).outages.map((outage): Row => {
    const { began, ended, outage_us, uncertainty_us } = outage;
    const { first_sequence, last_sequence } = outage;
    return {
      run,
      at: Date.parse(began),
      length_us: outage_us,
      cells: ({ moment, after }) => [
        DOWN,
        moment(began),
        ended === undefined ? "not ended" : after(ended, began),
        formatLength(outage),
        uncertainty_us === undefined ? "" : formatDuration(uncertainty_us),
        first_sequence === undefined
          ? ""
          : `messages ${first_sequence} to ${last_sequence ?? "the last"}`,
      ],
    };
  });
  const disconnections = run.disconnections.map((disconnection): Row => {
    const { time, disconnected_us, detail, connection, messages_lost } =
      disconnection;
    const of = connection === undefined ? "" : ` ${connection}`;
    return {
      run,
      at: Date.parse(time),
      length_us: disconnected_us ?? 0,
      cells: ({ moment, after }) => [
        `connection${of} lost`,
        moment(time),
        disconnected_us === undefined ? "not made anew" : after(
          new Date(Date.parse(time) + disconnected_us / 1e3).toISOString(),
          time,
        ),
        disconnected_us === undefined ? "" : formatDuration(disconnected_us),
        "",
        `${detail}; ${messages_lost} unanswered`,
      ],
    };
  });
  return [...outages, ...disconnections];
}

/** `2026-11-24 22:28:35.2`, and after it `22:28:39.2`. */
function clockOf(zone: Zone): Clock {
  const moment = (time: string) => formatMoment(zone, Date.parse(time) / 1e3);
  return {
    moment,
    after: (time, before) => {
      const [date, clock] = moment(time).split(" ");
      return moment(before).startsWith(date) ? clock : `${date} ${clock}`;
    },
  };
}

function table(rows: readonly Row[], zone: Zone): HTMLElement {
  const titles = [
    "Run",
    "What",
    "From",
    "To",
    "Length",
    "Off by at most",
    "Which",
  ];
  const figures = new Set(["Length", "Off by at most"]);
  const clock = clockOf(zone);
  const texts = rows.map(({ run, cells }) => [run.name, ...cells(clock)]);
  const used = titles.map((title, i) =>
    texts.some((text) => text[i] !== (title === "What" ? DOWN : ""))
  );
  const row = (make: (title: string, i: number) => HTMLElement) =>
    element(
      "tr",
      {},
      ...titles.flatMap((title, i) => used[i] ? make(title, i) : []),
    );
  const className = (title: string) => figures.has(title) ? "figure" : "";
  return scrolling(
    "Outages",
    element(
      "table",
      { className: "outages" },
      element(
        "thead",
        {},
        row((title) =>
          element("th", { scope: "col", className: className(title) }, title)
        ),
      ),
      element(
        "tbody",
        {},
        ...texts.map((text) =>
          row((title, i) => {
            const cell = i === 0
              ? element("th", { scope: "row" }, text[i])
              : element("td", { className: className(title) }, text[i]);
            cell.dataset.title = title;
            return cell;
          })
        ),
      ),
    ),
  );
}
