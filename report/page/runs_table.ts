/// <reference lib="dom" />
/**
 * The table of the clients' runs, which sorts and selects them, and sums up those
 * selected in its last line.
 *
 * @module
 */
import { plural } from "../../text/format.ts";
import { METRIC_LIST } from "../../measure/metrics.ts";
import { type Column, columnsOf, type TableLine } from "../columns.ts";
import type { Merged } from "../measurements.ts";
import type { PageRun } from "../page_data.ts";
import { formatZoned, type Zone } from "./clock.ts";
import { onColoursChange, runColour } from "./colours.ts";
import { element } from "./dom.ts";

/** The most runs that are selected at first: more lines than that are a blot. */
const MOST_SELECTED = 60;

/** The most rows at first, and how many more a click shows. */
const MOST_ROWS = 200;

/** From so many columns on, they have to be narrow. */
const MANY = 11;

/** Columns that are lines below a run's name: as columns, they would take half of the width. */
const BELOW_NAME = ["peer", "settings", "time"];

/** What goes there as well, where there are many columns. */
const BELOW_NAME_OF_MANY = [
  "sent_bytes_per_second",
  "received_bytes_per_second",
];

/** What rows are sorted by: a column, or the order in which they were read. */
type Order = { column: Column; isAscending: boolean } | undefined;

/** What is said of a run below its name. */
interface Detail {
  /** What it is called; not shown. */
  title: string;
  content: Node | string;
}

/** The table, and which of its runs are selected. */
export class RunsTable {
  /** The table's element. */
  readonly element: HTMLElement;
  /** The runs that are selected. */
  readonly selected: Set<PageRun>;

  readonly #runs: readonly PageRun[];
  readonly #places: ReadonlyMap<PageRun, number>;
  /** All columns with something to show, and those that are columns on the page. */
  readonly #sortable: Column[];
  readonly #columns: Column[];
  /** Those that are lines below a run's name. */
  readonly #below: Column[];
  readonly #onSelect: () => void;
  /** Each run has a body of its own: its row, and its notes. */
  readonly #bodies: Map<PageRun, HTMLTableSectionElement> = new Map();
  readonly #boxes: Map<PageRun, HTMLInputElement> = new Map();
  readonly #times: Map<PageRun, HTMLElement> = new Map();
  readonly #allBox: HTMLInputElement;
  readonly #headings: Map<Column, HTMLTableCellElement> = new Map();
  readonly #together: HTMLTableRowElement = element("tr", {});
  readonly #foot: HTMLTableSectionElement = element(
    "tfoot",
    {},
    this.#together,
  );
  readonly #sorter: HTMLSelectElement;
  readonly #more: HTMLButtonElement;
  #zone: Zone = "local";
  #ordered: readonly PageRun[];
  #shown = MOST_ROWS;
  #order: Order;

  constructor(runs: readonly PageRun[], onSelect: () => void) {
    this.#runs = runs;
    this.#ordered = runs;
    this.#places = new Map(runs.map((run, place) => [run, place]));
    this.selected = new Set(runs.slice(0, MOST_SELECTED));
    this.#onSelect = onSelect;
    // Empty columns are left out.
    this.#sortable = columnsOf(runs);
    const isMany = this.#sortable.length - BELOW_NAME.length > MANY;
    const below = [...BELOW_NAME, ...isMany ? BELOW_NAME_OF_MANY : []];
    this.#below = below.flatMap((name) =>
      this.#sortable.find((column) => column.name === name) ?? []
    );
    this.#columns = this.#sortable.filter((column) =>
      !this.#below.includes(column)
    );
    this.#allBox = element("input", {
      type: "checkbox",
      ariaLabel: "Switch all runs on or off",
      onchange: () => this.#toggle(runs, this.#allBox.checked),
    });
    this.#sorter = this.#makeSorter();
    this.#more = element("button", {
      type: "button",
      className: "more-rows",
      onclick: () => {
        this.#shown += MOST_ROWS;
        this.#showRows();
      },
    });
    const heading = element(
      "tr",
      {},
      element("th", { scope: "col", className: "switch" }, this.#allBox),
      ...this.#columns.map((column) => this.#heading(column)),
    );
    this.element = element(
      "div",
      { className: "runs-table" },
      element("label", { className: "sorter" }, "Sort by ", this.#sorter),
      element(
        "div",
        { className: "table" },
        element(
          "table",
          { className: `runs ${isMany ? "many" : ""}` },
          element("thead", {}, heading),
          this.#foot,
        ),
      ),
      this.#more,
    );
    this.#showRows();
    this.#showSelection();
  }

  /** Selects these runs alone, and shows them first. */
  select(runs: readonly PageRun[]): void {
    this.selected.clear();
    for (const run of runs) this.selected.add(run);
    this.#sort(undefined);
    this.#showSelection();
    this.#onSelect();
  }

  /** Shows when runs began by this clock. */
  showTimes(zone: Zone): void {
    this.#zone = zone;
    for (const [{ time }, shown] of this.#times) {
      shown.textContent = timeText(time, zone);
    }
  }

  /** Shows the selected runs summed up. */
  showTogether(merged: Merged): void {
    const { size } = this.selected;
    this.#together.hidden = size < 2;
    const measuring =
      [...this.selected].filter(({ measurements }) =>
        measurements?.rtt_us?.histogram
      ).length;
    const name = `${size} runs together`;
    const counts =
      `${merged.messages_received} of ${merged.messages_sent} messages back` +
      (measuring < size ? `, delays of ${plural(measuring, "run")}` : "");
    const line: TableLine = { name, measurements: merged };
    this.#together.replaceChildren(
      element("td", { className: "switch" }),
      ...this.#columns.map((column) =>
        column.name === "run"
          ? nameCell(column, name, [
            { title: "Messages", content: counts },
            ...this.#details(line),
          ])
          : cell(column, column.text(line))
      ),
    );
  }

  #makeSorter(): HTMLSelectElement {
    const columns = this.#sortable;
    const sorter = element(
      "select",
      {
        onchange: () => {
          const column = columns[Number(sorter.value)];
          this.#sort(column && { column, isAscending: true });
        },
      },
      element("option", { value: "-1" }, "failures first"),
      ...columns.map((column, i) =>
        element("option", { value: String(i) }, titleOf(column))
      ),
    );
    return sorter;
  }

  #heading(column: Column): HTMLTableCellElement {
    const button = element(
      "button",
      {
        type: "button",
        onclick: () => {
          // By the same one again, in reverse.
          const isAscending = this.#order?.column === column
            ? !this.#order.isAscending
            : true;
          this.#sort({ column, isAscending });
        },
      },
      ...onLines(column.title),
    );
    const heading = element(
      "th",
      { scope: "col", className: column.isFigure ? "figure" : "" },
      button,
    );
    this.#headings.set(column, heading);
    return heading;
  }

  #bodyOf(run: PageRun): HTMLTableSectionElement {
    const known = this.#bodies.get(run);
    if (known) return known;
    const body = this.#makeBody(run);
    this.#bodies.set(run, body);
    return body;
  }

  #makeBody(run: PageRun): HTMLTableSectionElement {
    const box = element("input", {
      type: "checkbox",
      ariaLabel: `Show ${run.name}`,
      checked: this.selected.has(run),
      onchange: () => this.#toggle([run], box.checked),
    });
    this.#boxes.set(run, box);
    const swatch = element("span", { className: "swatch" });
    const colour = () =>
      swatch.style.background = runColour(this.#places.get(run)!);
    colour();
    onColoursChange(colour);
    const time = element("span", {}, timeText(run.time, this.#zone));
    this.#times.set(run, time);
    const notes = notesRow(run, this.#columns.length + 1);
    const row = element(
      "tr",
      {},
      element("td", { className: "switch" }, box, swatch),
      ...this.#columns.map((column) =>
        column.name === "run"
          ? nameCell(column, run.name, this.#details(run, time))
          : column.name === "verdict"
          ? cell(column, verdictElement(run, notes))
          : cell(column, column.text(run))
      ),
    );
    const body = element(
      "tbody",
      { className: box.checked ? "" : "off" },
      row,
      ...notes === undefined ? [] : [notes],
    );
    return body;
  }

  /** What is said below a name. */
  #details(line: TableLine, time?: Node): Detail[] {
    return this.#below.flatMap((column) => {
      const text = column.text(line);
      if (text === "") return [];
      const title = titleOf(column);
      if (column.name === "time") return time ? { title, content: time } : [];
      return {
        title,
        content: column.isFigure ? `${title.toLowerCase()} ${text}` : text,
      };
    });
  }

  #showRows(): void {
    const shown = this.#ordered.slice(0, this.#shown);
    const bodies = shown.map((run) => this.#bodyOf(run));
    const isShown = new Set(bodies);
    for (const body of this.#bodies.values()) {
      if (!isShown.has(body)) body.remove();
    }
    this.#foot.before(...bodies);
    const left = this.#ordered.length - shown.length;
    this.#more.hidden = left === 0;
    this.#more.textContent = `Show ${Math.min(left, MOST_ROWS)} more of ${
      plural(left, "run")
    }`;
  }

  #toggle(runs: readonly PageRun[], isOn: boolean): void {
    for (const run of runs) {
      if (isOn) this.selected.add(run);
      else this.selected.delete(run);
    }
    this.#showSelection();
    this.#onSelect();
  }

  #showSelection(): void {
    for (const [run, box] of this.#boxes) {
      box.checked = this.selected.has(run);
      this.#bodies.get(run)!.classList.toggle("off", !box.checked);
    }
    const { size } = this.selected;
    this.#allBox.checked = size === this.#runs.length;
    this.#allBox.indeterminate = size > 0 && size < this.#runs.length;
  }

  /** Sorts the rows; without an order, those selected come first where others are not. */
  #sort(order: Order): void {
    this.#order = order;
    for (const [column, heading] of this.#headings) {
      heading.ariaSort = column !== order?.column
        ? null
        : order.isAscending
        ? "ascending"
        : "descending";
    }
    this.#sorter.value = String(
      order === undefined ? -1 : this.#sortable.indexOf(order.column),
    );
    this.#ordered = order === undefined
      ? [
        ...this.#runs.filter((run) => this.selected.has(run)),
        ...this.#runs.filter((run) => !this.selected.has(run)),
      ]
      : this.#runs.toSorted((one, other) =>
        compare(
          order.column.value(one),
          order.column.value(other),
          order.isAscending,
        )
      );
    this.#showRows();
  }
}

/** Orders two values; a missing one comes last in both orders. */
function compare(
  one: string | number | undefined,
  other: string | number | undefined,
  isAscending: boolean,
): number {
  if (one === undefined || other === undefined) {
    return Number(one === undefined) - Number(other === undefined);
  }
  const order = typeof one === "number" && typeof other === "number"
    ? one - other
    : String(one).localeCompare(String(other), "en", { numeric: true });
  return isAscending ? order : -order;
}

function timeText(time: string, zone: Zone): string {
  return formatZoned(zone, Date.parse(time) / 1e3);
}

/** A column's title on lines: `variation.`, `out.`, `p99`. */
function onLines(title: string): (Node | string)[] {
  return title.split(/(?<=\.)(?=[a-z])/).flatMap((part, i) =>
    i === 0 ? [part] : [element("br", {}), part]
  );
}

/** A cell; a narrow page shows its column's title in it, as there are no headings. */
function cell(
  column: Column,
  ...children: (Node | string)[]
): HTMLTableCellElement {
  const className = `${column.name} ${column.isFigure ? "figure" : ""}`;
  const made = element("td", { className }, ...children);
  made.dataset.title = column.title;
  return made;
}

/** A row's heading: a name, and what is said of it below. */
function nameCell(
  column: Column,
  name: string,
  details: readonly Detail[],
): HTMLTableCellElement {
  const part = (className: string, { title, content }: Detail) => {
    const made = element("span", { className }, content);
    made.dataset.title = title;
    return made;
  };
  return element(
    "th",
    { className: "run", scope: "row" },
    part("name", { title: titleOf(column), content: name }),
    ...details.map((detail) => part("detail", detail)),
  );
}

/** A column's title; the page says the zone with each time. */
function titleOf({ title }: Column): string {
  return title.replace(" (UTC)", "");
}

/** Counts without a column, noted only where they are not 0. */
const TROUBLES = METRIC_LIST.filter(({ kind, column }) =>
  (kind === "share" || kind === "count") && column === "for-programs"
);

/** The notes on a run; shown at first where it did not pass. */
function notesRow(
  run: PageRun,
  colSpan: number,
): HTMLTableRowElement | undefined {
  const { verdict, expectations, warnings, name, source } = run;
  const notes = [
    ...name === source ? [] : [`from ${source}`],
    ...verdict.reason === undefined ? [] : [verdict.reason],
    ...expectations.map(({ text, held }) =>
      `${text}, ${held ? "held" : "did not hold"}`
    ),
    ...TROUBLES.flatMap(({ name, read }) => {
      const count = run.measurements && read(run.measurements);
      return count ? `${name}: ${count}` : [];
    }),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  if (notes.length === 0) return undefined;
  const list = element(
    "ul",
    {},
    ...notes.map((note) => element("li", {}, note)),
  );
  return element(
    "tr",
    { className: "notes", hidden: verdict.text === "passed" },
    element("td", { colSpan }, list),
  );
}

/** A run's verdict, which shows and hides its notes. */
function verdictElement(
  { verdict: { text } }: PageRun,
  notes: HTMLTableRowElement | undefined,
): HTMLElement {
  const className = `verdict ${text.replace(" ", "-")}`;
  if (notes === undefined) return element("span", { className }, text);
  const button = element("button", {
    type: "button",
    className,
    ariaExpanded: String(!notes.hidden),
    onclick: () => {
      notes.hidden = !notes.hidden;
      button.ariaExpanded = String(!notes.hidden);
    },
  }, text);
  return button;
}
