/// <reference lib="dom" />
/**
 * The table of the clients' runs, which sorts and selects them, and sums up those
 * selected in its last line.
 *
 * @module
 */
import { plural } from "../../text/format.ts";
import { METRIC_LIST } from "../../measure/metrics.ts";
import { type Column, columnsOf } from "../columns.ts";
import type { Merged } from "../measurements.ts";
import type { PageRun } from "../page_data.ts";
import { onColoursChange, runColour } from "./colours.ts";
import { element } from "./dom.ts";

/** The table, and which of its runs are selected. */
export class RunsTable {
  /** The table's element. */
  readonly element: HTMLElement;
  /** The runs that are selected. */
  readonly selected: Set<PageRun>;

  readonly #runs: PageRun[];
  readonly #columns: Column[];
  readonly #onSelect: () => void;
  /** Each run has a body of its own: its row, and its notes. */
  readonly #bodies: Map<PageRun, HTMLTableSectionElement> = new Map();
  readonly #boxes: Map<PageRun, HTMLInputElement> = new Map();
  readonly #allBox: HTMLInputElement;
  readonly #headings: Map<Column, HTMLTableCellElement> = new Map();
  readonly #together: HTMLTableRowElement = element("tr", {});
  readonly #foot: HTMLTableSectionElement = element(
    "tfoot",
    {},
    this.#together,
  );
  #sortedBy: Column | undefined;
  #isAscending = true;

  constructor(runs: PageRun[], onSelect: () => void) {
    this.#runs = runs;
    this.selected = new Set(runs);
    this.#onSelect = onSelect;
    // Empty columns are left out.
    this.#columns = columnsOf(runs);
    this.#allBox = element("input", {
      type: "checkbox",
      ariaLabel: "Switch all runs on or off",
      onchange: () => this.#select(runs, this.#allBox.checked),
    });
    const heading = element(
      "tr",
      {},
      element("th", { scope: "col", className: "switch" }, this.#allBox),
      ...this.#columns.map((column) => this.#heading(column)),
    );
    for (const [index, run] of runs.entries()) {
      this.#bodies.set(run, this.#body(run, index));
    }
    this.element = element(
      "div",
      { className: "table" },
      element(
        "table",
        { className: "runs" },
        element("thead", {}, heading),
        ...this.#bodies.values(),
        this.#foot,
      ),
    );
    this.#showSelection();
  }

  /** Shows the selected runs summed up. */
  showTogether(merged: Merged): void {
    const { size } = this.selected;
    this.#together.hidden = size < 2;
    const measuring =
      [...this.selected].filter(({ measurements }) =>
        measurements?.rtt_us?.histogram
      ).length;
    const line = {
      name: `${size} runs together`,
      settings:
        `${merged.messages_received} of ${merged.messages_sent} messages back` +
        (measuring < size ? `, delays of ${plural(measuring, "run")}` : ""),
      measurements: merged,
    };
    this.#together.replaceChildren(
      element("td", { className: "switch" }),
      ...this.#columns.map((column) => cell(column, column.text(line))),
    );
  }

  #heading(column: Column): HTMLTableCellElement {
    const button = element(
      "button",
      { type: "button", onclick: () => this.#sort(column) },
      column.title,
    );
    const heading = element(
      "th",
      { scope: "col", className: column.isFigure ? "figure" : "" },
      button,
    );
    this.#headings.set(column, heading);
    return heading;
  }

  #body(run: PageRun, index: number): HTMLTableSectionElement {
    const box = element("input", {
      type: "checkbox",
      ariaLabel: `Show ${run.name}`,
      onchange: () => this.#select([run], box.checked),
    });
    this.#boxes.set(run, box);
    const swatch = element("span", { className: "swatch" });
    const colour = () => swatch.style.background = runColour(index);
    colour();
    onColoursChange(colour);
    const notes = notesRow(run, this.#columns.length + 1);
    const row = element(
      "tr",
      {},
      element("td", { className: "switch" }, box, swatch),
      ...this.#columns.map((column) =>
        column.name === "verdict"
          ? cell(column, verdictElement(run, notes))
          : cell(column, column.text(run))
      ),
    );
    return element("tbody", {}, row, ...notes === undefined ? [] : [notes]);
  }

  #select(runs: readonly PageRun[], isOn: boolean): void {
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

  /** Sorts by a column; by the same one again, in reverse. */
  #sort(column: Column): void {
    this.#isAscending = this.#sortedBy === column ? !this.#isAscending : true;
    this.#sortedBy = column;
    for (const [other, heading] of this.#headings) {
      heading.ariaSort = other !== column
        ? null
        : this.#isAscending
        ? "ascending"
        : "descending";
    }
    const sorted = this.#runs.toSorted((one, other) =>
      compare(column.value(one), column.value(other), this.#isAscending)
    );
    this.#foot.before(...sorted.map((run) => this.#bodies.get(run)!));
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
