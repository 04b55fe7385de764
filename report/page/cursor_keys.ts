/// <reference lib="dom" />
/**
 * A chart's cursor, moved by keys.
 *
 * @module
 */
import type uPlot from "uplot";

/** How many points the page keys go. */
const PAGE = 10;

/** Where each key leads, from a place among so many. */
const MOVES: Record<string, (place: number, last: number) => number> = {
  ArrowLeft: (place, last) => place < 0 ? last : place - 1,
  ArrowRight: (place) => place + 1,
  PageUp: (place) => place - PAGE,
  PageDown: (place) => place + PAGE,
  Home: () => 0,
  End: (_, last) => last,
};

/** The library's types lack the last argument, which moves the cursors of other charts. */
type SetCursor = (
  at: { left: number; top: number },
  fires: boolean,
  publishes: boolean,
) => void;

/**
 * Moves the cursor of a chart, and of those that share it, to another point.
 *
 * @returns Whether the key was one that moves it.
 */
export function moveCursor(plot: uPlot, event: KeyboardEvent): boolean {
  const move = MOVES[event.key];
  if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  event.preventDefault();
  // Those that a zoom leaves in sight.
  const [first, last] = plot.series[0].idxs!;
  const place = move((plot.cursor.idx ?? first - 1) - first, last - first);
  const index = first + Math.min(Math.max(place, 0), last - first);
  const left = plot.valToPos(plot.data[0][index], "x");
  const top = plot.over.clientHeight / 2;
  (plot.setCursor as SetCursor)({ left, top }, true, true);
  return true;
}
