/// <reference lib="dom" />
/**
 * The chart of runs under load: quiet and loaded beside each other.
 *
 * @module
 */
import { formatDuration } from "../../text/format.ts";
import type { PageRun } from "../page_data.ts";
import { Chart } from "./chart.ts";

const NAMES = {
  quiet: "quiet",
  out: "bulk out",
  back: "bulk back",
  both: "bulk both ways",
};

/** The delays of the selected runs in each of their phases. */
export class LoadChart {
  readonly #runs: readonly PageRun[];
  readonly #chart = new Chart({
    title: "Delay while the path is quiet, and while it is full",
    caption: "The median round trip of the probes of each interval.",
    x: { isLog: false, format: (seconds) => formatDuration(seconds * 1e6) },
    y: { isLog: true, format: formatDuration },
  });

  /** @param runs All runs of the page. */
  constructor(runs: readonly PageRun[]) {
    this.#runs = runs;
  }

  /** The chart's element. */
  get element(): HTMLElement {
    return this.#chart.element;
  }

  /** Draws the selected runs: with one, each phase has a colour of its own. */
  draw(selected: ReadonlySet<PageRun>): void {
    const shown = this.#runs.map((run, index) => ({ run, index }))
      .filter(({ run }) => selected.has(run) && run.underLoad);
    this.#chart.draw(
      shown.flatMap(({ run, index }) =>
        run.underLoad!.map(({ phase, time, p50 }, i) => ({
          label: shown.length === 1
            ? NAMES[phase]
            : `${run.name}, ${NAMES[phase]}`,
          run: shown.length === 1 ? i : index,
          isThin: shown.length > 1 && phase === "quiet",
          points: time.map((at, k): [number, number | null] => [at, p50[k]]),
        }))
      ),
    );
  }
}
