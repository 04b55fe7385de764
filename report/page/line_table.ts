/// <reference lib="dom" />
/**
 * A chart as text: the lowest and highest value of each of its lines.
 *
 * @module
 */
import { element, scrolling } from "./dom.ts";

/** A line's name and points, in the order of x. */
interface Line {
  label: string;
  points: [x: number, y: number | null][];
}

type Format = (value: number) => string;

/** The table, which is filled when it is opened. */
export class LineTable {
  /** Its element. */
  readonly element: HTMLDetailsElement;
  readonly #title: string;
  readonly #frame = element("div", {});
  #fill: () => void = () => {};

  /** @param title The chart's. */
  constructor(title: string) {
    this.#title = title;
    this.element = element(
      "details",
      {
        className: "as-text",
        ontoggle: () => {
          if (this.element.open) this.#fill();
        },
      },
      element("summary", {}, "as a table"),
      this.#frame,
    );
  }

  /** Shows other lines. */
  show(lines: readonly Line[], formatX: Format, formatY: Format): void {
    this.#fill = () =>
      this.#frame.replaceChildren(
        scrolling(
          `${this.#title}, as a table`,
          this.#table(lines, formatX, formatY),
        ),
      );
    if (this.element.open) this.#fill();
  }

  #table(
    lines: readonly Line[],
    formatX: Format,
    formatY: Format,
  ): HTMLElement {
    const titles = ["Line", "Lowest", "Highest", "Highest at", "Last"];
    return element(
      "table",
      {},
      element("caption", {}, this.#title),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...titles.map((title) => element("th", { scope: "col" }, title)),
        ),
      ),
      element(
        "tbody",
        {},
        ...lines.map(({ label, points }) => {
          const known = points.filter((point): point is [number, number] =>
            point[1] !== null
          );
          const ends = known.reduce<{
            lowest?: [number, number];
            highest?: [number, number];
          }>((ends, point) => ({
            lowest: point[1] < (ends.lowest?.[1] ?? Infinity)
              ? point
              : ends.lowest,
            highest: point[1] > (ends.highest?.[1] ?? -Infinity)
              ? point
              : ends.highest,
          }), {});
          const { lowest, highest } = ends;
          const texts = lowest === undefined || highest === undefined
            ? ["", "", "", ""]
            : [
              formatY(lowest[1]),
              formatY(highest[1]),
              formatX(highest[0]),
              formatY(known[known.length - 1][1]),
            ];
          return element(
            "tr",
            {},
            element("th", { scope: "row" }, label),
            ...texts.map((text) => element("td", {}, text)),
          );
        }),
      ),
    );
  }
}
