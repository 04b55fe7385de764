/// <reference lib="dom" />
/**
 * What the charts show: which runs, of how many.
 *
 * @module
 */
import { plural } from "../../text/format.ts";
import type { PageRun } from "../page_data.ts";
import { element } from "./dom.ts";

/** The line above the charts. */
export class SelectionLine {
  /** Its element, to which the focus goes from the grid. */
  readonly element: HTMLElement = element("p", {
    className: "selection",
    tabIndex: -1,
    hidden: true,
  });
  #name: string | undefined;
  readonly #runs: readonly PageRun[];

  /** @param runs All runs of the page. */
  constructor(runs: readonly PageRun[]) {
    this.#runs = runs;
  }

  /** Leads there, from where these runs were chosen together. */
  goTo(name: string): void {
    this.#name = name;
    this.element.hidden = false;
    this.element.scrollIntoView({ block: "start" });
    this.element.focus({ preventScroll: true });
  }

  /** Shows how many runs are selected, and how many of them are drawn. */
  show(selected: number, drawn: number): void {
    const name = this.#name;
    this.#name = undefined;
    const all = plural(this.#runs.length, "run");
    const count = selected === this.#runs.length
      ? `all ${all}`
      : `${selected} of ${all}`;
    const limit = drawn < selected ? `; the first ${drawn} are drawn` : "";
    this.element.hidden = name === undefined && drawn === this.#runs.length;
    this.element.replaceChildren(
      "Below: ",
      ...name === undefined ? [] : [element("strong", {}, name), ", "],
      `${count}${limit}.`,
    );
  }
}
