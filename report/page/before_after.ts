/// <reference lib="dom" />
/**
 * The runs before and after beside each other, figure by figure.
 *
 * @module
 */
import "./before_after.css";
import { plural } from "../../text/format.ts";
import {
  type ComparedFigure,
  formatChange,
  formatFigure,
  formatP,
  type SideFigure,
  verdictLine,
} from "../compare.ts";
import type { PageComparison } from "../page_data.ts";
import { element } from "./dom.ts";

/** Creates the verdict and the table. */
export function beforeAfter(comparison: PageComparison): HTMLElement {
  const { figures, runs, differences, leastP, verdict } = comparison;
  const isTested = leastP !== undefined;
  const sides = ["Before", "After"].map((name, i) =>
    runs[i] === 1 ? name : `${name}, median of ${runs[i]}`
  );
  const titles = [
    ...sides,
    "Change",
    ...isTested ? ["p"] : [],
    "Judgement",
    ...isTested ? ["Each run: ○ before, ● after"] : [],
  ];
  const rows = figures.map((figure) => {
    const { name, before, after, change, p, judgement } = figure;
    const cells = [
      sideCell(before),
      sideCell(after),
      element(
        "td",
        { className: "number" },
        change === undefined ? "" : formatChange(change),
      ),
      ...isTested
        ? [element(
          "td",
          { className: "number" },
          p === undefined ? "" : formatP(p),
        )]
        : [],
      element(
        "td",
        { className: `judgement ${judgement.replace(" ", "-")}` },
        judgement,
      ),
      ...isTested
        ? [element("td", { className: "plot" }, ...dotPlot(figure))]
        : [],
    ];
    for (const [i, cell] of cells.entries()) cell.dataset.title = titles[i];
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells);
  });
  const headings = ["Figure", ...titles].map((title, i) =>
    element("th", {
      scope: "col",
      className: i > 0 && i < titles.indexOf("Judgement") + 1 ? "number" : "",
    }, title)
  );
  return element(
    "div",
    { className: "before-after" },
    element(
      "p",
      { className: `finding ${verdict.replace(" ", "-")}` },
      `${plural(runs[0], "run")} before, ${runs[1]} after: ${
        verdictLine(comparison)
      }.`,
    ),
    ...differences.length === 0 ? [] : [
      element("p", {}, "Their settings differ:"),
      element(
        "ul",
        {},
        ...differences.map((line) => element("li", {}, line)),
      ),
    ],
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...headings)),
      element("tbody", {}, ...rows),
    ),
  );
}

function sideCell(side: SideFigure | undefined): HTMLTableCellElement {
  return element(
    "td",
    { className: "number" },
    ...side === undefined ? [] : [side.text],
    ...side?.range === undefined
      ? []
      : [element("span", { className: "range" }, side.range)],
  );
}

const WIDTH = 176;
const HEIGHT = 36;
/** How far dots stay away from the edges. */
const MARGIN = 6;
const RADIUS = 3.5;
const ROWS = { before: 11, after: 26 };

/**
 * A dot for each run, before above after, on a scale from the least to the most;
 * nothing where all are equal.
 */
function dotPlot({ name, before, after }: ComparedFigure): SVGSVGElement[] {
  const sides = [
    { row: "before", side: before },
    { row: "after", side: after },
  ] as const;
  const all = sides.flatMap(({ side }) => side?.each ?? []);
  const least = Math.min(...all);
  const range = Math.max(...all) - least;
  if (range === 0) return [];
  const at = (value: number) =>
    MARGIN + (value - least) / range * (WIDTH - 2 * MARGIN);
  const words = sides.map(({ row, side }) => {
    const each = side?.each.map((value) => formatFigure(name, value)) ?? [];
    return `${row}: ${each.join(", ") || "none"}`;
  });
  const plot = shape("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": `${name} of each run, ${words.join("; ")}`,
  });
  for (const { row, side } of sides) {
    const y = ROWS[row];
    plot.append(
      shape("line", { class: "axis", x1: 0, x2: WIDTH, y1: y, y2: y }),
    );
    if (side === undefined) continue;
    plot.append(
      ...side.each.map((value) =>
        shape("circle", { class: row, cx: at(value), cy: y, r: RADIUS })
      ),
      shape("line", {
        class: "median",
        x1: at(side.value),
        x2: at(side.value),
        y1: y - 2 * RADIUS,
        y2: y + 2 * RADIUS,
      }),
    );
  }
  return [plot];
}

function shape<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, String(value));
  }
  return made;
}
