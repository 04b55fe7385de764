/// <reference lib="dom" />
/**
 * The grid of a mesh: a figure of each path, by source and target.
 *
 * @module
 */
import {
  formatByteRate,
  formatDuration,
  formatShare,
  plural,
} from "../../text/format.ts";
import { METRICS } from "../../measure/metrics.ts";
import { type Grade, gradeOf, ruleOf } from "../grades.ts";
import type { Mesh, MeshCell } from "../mesh.ts";
import { type PathMetric, STATES } from "../paths.ts";
import { choices } from "./choices.ts";
import { element } from "./dom.ts";

/** What can be chosen, and what it is called. */
const NAMES: Partial<Record<PathMetric, string>> = {
  "p50": "p50",
  "p99": "p99",
  "loss": "loss",
  "loss.out": "loss out",
  "loss.back": "loss back",
  "jitter": "jitter",
  "throughput": "throughput",
  "outages": "outages",
};

/** What shows a bad path first; else its slowest messages do. */
const TELLING: PathMetric[] = ["loss.out", "loss.back", "loss", "outages"];

const MARKS: Record<Grade, string> = { good: "", fair: "!", bad: "✗" };

const ALL = "all";

/** From so many targets on, cells are small, and paths that did not pass are listed. */
const DENSE = 13;

/** The most paths that are listed. */
const MOST_LISTED = 200;

/** What is opened: runs, and what they are called together. */
export interface Opened {
  name: string;
  runs: readonly number[];
}

/** The grid. */
export class MeshGrid {
  /** Its element. */
  readonly element: HTMLElement;
  readonly #onOpen: (opened: Opened) => void;
  readonly #frame = element("div", { className: "mesh-frame" });
  readonly #figures = element("div", {});
  readonly #failing = element("div", {});
  readonly #rule = element("p", { className: "rule" });
  #mesh: Mesh;
  #metric: PathMetric;
  /** By row and column, those of all sources and targets last. */
  #cells: { cell: MeshCell | null; name: string; td: HTMLElement }[][] = [];
  #focus: [row: number, column: number] = [0, 0];

  /**
   * @param meshes One for each kind of probe, at least one.
   * @param onOpen Called with what is to be shown.
   */
  constructor(meshes: readonly Mesh[], onOpen: (opened: Opened) => void) {
    this.#onOpen = onOpen;
    this.#mesh = meshes[0];
    this.#metric = tellingMetric(this.#mesh);
    this.element = element(
      "div",
      {},
      ...meshes.length === 1 ? [] : [
        choices(
          "Measured by",
          meshes.map((mesh) => [mesh, mesh.probe]),
          this.#mesh,
          (mesh) => {
            this.#mesh = mesh;
            this.#metric = tellingMetric(mesh);
            this.#draw();
          },
        ),
      ],
      this.#figures,
      this.#frame,
      this.#rule,
      this.#failing,
    );
    this.#frame.addEventListener("click", ({ target }) => {
      const at = this.#placeOf(target);
      if (at) this.#open(...at);
    });
    this.#frame.addEventListener("keydown", (event) => this.#onKey(event));
    this.#draw();
  }

  #draw(): void {
    const metrics = metricsOf(this.#mesh);
    this.#figures.replaceChildren(
      choices(
        "Figure",
        metrics.map((name) => [name, NAMES[name]!]),
        this.#metric,
        (metric) => {
          this.#metric = metric;
          this.#drawTable();
        },
      ),
    );
    this.#drawTable();
  }

  #drawTable(): void {
    const { sources, targets, cells, bySource, byTarget, probe } = this.#mesh;
    const row = (
      name: string,
      of: (MeshCell | null)[],
      names: (target: string) => string,
      statesOf: (column: number) => string,
    ) => {
      const made = of.map((cell, i) => {
        const path = names(targets[i] ?? ALL);
        const td = cell === null
          ? noResult(path, targets[i] === name)
          : this.#cell(cell, path, statesOf(i));
        return { cell, name: path, td };
      });
      const heading = element("th", { scope: "row" }, name);
      this.#cells.push(made);
      return element("tr", {}, heading, ...made.map(({ td }) => td));
    };
    this.#cells = [];
    const body = sources.map((source, i) =>
      row(
        source,
        [...cells[i], bySource[i]],
        (target) =>
          target === ALL ? `all from ${source}` : `${source} → ${target}`,
        (column) =>
          column < targets.length
            ? stateText(cells[i][column])
            : failedOf(cells[i]),
      )
    );
    const foot = row(
      "all sources",
      byTarget,
      (target) => `all to ${target}`,
      (column) => failedOf(cells.map((row) => row[column])),
    );
    foot.append(element("td", { className: "none" }));
    const table = element(
      "table",
      {
        className: `mesh ${targets.length >= DENSE ? "dense" : ""}`,
        role: "grid",
        ariaLabel: `${NAMES[this.#metric]} by source and target, ${probe}`,
      },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col", className: "corner" }, "from ↓ to →"),
          ...targets.map((target) => element("th", { scope: "col" }, target)),
          element("th", { scope: "col", className: "all" }, "all targets"),
        ),
      ),
      element("tbody", {}, ...body),
      element("tfoot", {}, foot),
    );
    this.#frame.replaceChildren(table);
    this.#failing.replaceChildren(
      ...targets.length >= DENSE ? [this.#list()] : [],
    );
    this.#rule.textContent = this.#explanation();
    this.#setFocus(0, 0, false);
  }

  #cell(cell: MeshCell, name: string, state: string): HTMLElement {
    const metric = this.#metric;
    const grade = gradeOf(metric, cell, this.#mesh.typical[metric]);
    const value = cell.figures[metric];
    const isDown = cell.state === "unreachable";
    const text = isDown || value === undefined ? "–" : show(metric, value);
    const mark = isDown ? MARKS.bad : MARKS[grade ?? "good"];
    const [first, rest] = text.split(" (");
    const td = element(
      "td",
      {
        className: isDown ? "down" : grade ?? "unknown",
        title: `${name}: ${plural(cell.runs.length, "run")}, ${cell.state}`,
      },
      element(
        "span",
        { className: "value" },
        isDown
          ? `${mark} unreachable`
          : mark === ""
          ? first
          : `${mark} ${first}`,
      ),
    );
    if (rest !== undefined && !isDown) {
      td.append(
        element("span", { className: "more" }, rest.replace(")", "")),
      );
    }
    if (!isDown && state !== "") {
      td.append(element("span", { className: "state" }, state));
    }
    return td;
  }

  /** The paths that did not pass: a large grid shows a part of itself at a time. */
  #list(): HTMLElement {
    const bad = this.#cells.slice(0, -1).flatMap((row) => row.slice(0, -1))
      .filter(({ cell }) => cell !== null && cell.state !== "passed")
      .sort((one, other) =>
        STATES.indexOf(one.cell!.state) - STATES.indexOf(other.cell!.state)
      );
    const items = bad.slice(0, MOST_LISTED).map(({ cell, name }) => {
      const { state, figures, runs } = cell!;
      const value = figures[this.#metric];
      const figure = value === undefined
        ? ""
        : `, ${NAMES[this.#metric]} ${show(this.#metric, value)}`;
      return element(
        "li",
        {},
        element(
          "button",
          { type: "button", onclick: () => this.#onOpen({ name, runs }) },
          name,
        ),
        ` ${state}${figure}`,
      );
    });
    if (bad.length > items.length) {
      items.push(element("li", {}, `and ${bad.length - items.length} more`));
    }
    return element(
      "div",
      { className: "failing" },
      element(
        "p",
        {},
        bad.length === 0
          ? "All paths passed."
          : `${plural(bad.length, "path")} did not pass:`,
      ),
      element("ul", {}, ...items),
    );
  }

  #explanation(): string {
    const metric = this.#metric;
    const expected = this.#mesh.cells.flat().some((cell) =>
      cell?.held[metric] !== undefined
    );
    const rule = expected
      ? `${
        NAMES[metric]
      } is graded by what was expected of it; where nothing was, ${
        ruleOf(metric)
      }`
      : `Nothing was expected of ${NAMES[metric]}; ${ruleOf(metric)}`;
    const worst = metric === "jitter"
      ? " Of several runs, the largest jitter counts."
      : metric === "throughput"
      ? " Of several runs, the lowest throughput counts."
      : METRICS[metric].percent !== undefined
      ? " Of several runs, it is over all their messages."
      : "";
    return `${MARKS.bad} bad, ${MARKS.fair} in between, – no result. ${rule}.${worst}`;
  }

  #placeOf(target: EventTarget | null): [number, number] | undefined {
    const td = (target as Element | null)?.closest("td");
    for (const [row, cells] of this.#cells.entries()) {
      const column = cells.findIndex((cell) => cell.td === td);
      if (column >= 0) return [row, column];
    }
  }

  #open(row: number, column: number): void {
    this.#setFocus(row, column);
    const { cell, name } = this.#cells[row][column];
    if (cell !== null) this.#onOpen({ name, runs: cell.runs });
  }

  /** One cell is reached by Tab; arrows lead to the others. */
  #setFocus(row: number, column: number, isFocused = true): void {
    const [oldRow, oldColumn] = this.#focus;
    const old = this.#cells[oldRow]?.[oldColumn];
    old?.td.setAttribute("tabindex", "-1");
    const { td } = this.#cells[row][column];
    td.tabIndex = 0;
    if (isFocused) td.focus();
    this.#focus = [row, column];
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#placeOf(event.target);
    if (at === undefined) return;
    const [row, column] = at;
    const lastRow = this.#cells.length - 1;
    const clamp = (row: number, column: number) => {
      const inRow = Math.min(Math.max(row, 0), lastRow);
      const lastColumn = this.#cells[inRow].length - 1;
      this.#setFocus(inRow, Math.min(Math.max(column, 0), lastColumn));
    };
    const moves: Record<string, () => void> = {
      ArrowUp: () => clamp(row - 1, column),
      ArrowDown: () => clamp(row + 1, column),
      ArrowLeft: () => clamp(row, column - 1),
      ArrowRight: () => clamp(row, column + 1),
      Home: () => clamp(row, 0),
      End: () => clamp(row, Infinity),
      "Enter": () => this.#open(row, column),
      " ": () => this.#open(row, column),
    };
    if (moves[event.key] === undefined) return;
    event.preventDefault();
    moves[event.key]();
  }
}

/** A cell of a path that was not measured: of a box to itself, nothing is missing. */
function noResult(name: string, isSelf: boolean): HTMLElement {
  return isSelf
    ? element("td", { className: "none" })
    : element("td", { className: "none", title: `${name}: no result` }, "–");
}

function stateText(cell: MeshCell | null): string {
  return cell === null || cell.state === "passed" ? "" : cell.state;
}

/** `1 of 4 failed`: how many of some paths did; empty where none did. */
function failedOf(paths: readonly (MeshCell | null)[]): string {
  const known = paths.filter((cell) => cell !== null);
  const { length } = known.filter(({ state }) =>
    state === "failed" || state === "unreachable"
  );
  return length === 0 ? "" : `${length} of ${known.length} failed`;
}

/** The metrics of which a path has a figure. */
function metricsOf({ typical }: Mesh): PathMetric[] {
  const names = Object.keys(NAMES) as PathMetric[];
  const known = names.filter((name) => typical[name] !== undefined);
  return known.length === 0 ? ["p99"] : known;
}

function tellingMetric(mesh: Mesh): PathMetric {
  const known = metricsOf(mesh);
  const isTelling = (metric: PathMetric) =>
    mesh.cells.flat().some((cell) =>
      cell !== null && gradeOf(metric, cell, mesh.typical[metric]) === "bad"
    );
  return TELLING.find((name) => known.includes(name) && isTelling(name)) ??
    (known.includes("p99") ? "p99" : known[0]);
}

function show(metric: PathMetric, value: number): string {
  switch (METRICS[metric].kind) {
    case "time":
      return formatDuration(value);
    case "share":
      return formatShare(value, 100);
    case "throughput":
      return formatByteRate(value);
    default:
      return String(value);
  }
}
