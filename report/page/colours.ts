/// <reference lib="dom" />
/**
 * The colours of runs, and of what charts draw around them.
 *
 * @module
 */

/** The number of distinct colours; further runs are dashed as well. */
const DISTINCT = 12;

/** Degrees from one run's hue to the next: neighbours are far apart. */
const STEP = 137.508;
const FIRST = 212;

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const printing = matchMedia("print");

/** Whether the page is on its way to paper. */
export function isPaper(): boolean {
  return printing.matches;
}

/** Whether the page is dark: paper never is. */
export function isDark(): boolean {
  return prefersDark.matches && !printing.matches;
}

/** @param callback Called when the page turns dark or light. */
export function onColoursChange(callback: () => void): void {
  for (const query of [prefersDark, printing]) {
    query.addEventListener("change", callback);
  }
}

/** A run's colour, by its place among all. */
export function runColour(index: number): string {
  const hue = (FIRST + (index % DISTINCT) * STEP) % 360;
  return isDark()
    ? `hsl(${hue.toFixed(0)} 75% 66%)`
    : `hsl(${hue.toFixed(0)} 72% 38%)`;
}

/** The number of distinct dashes, with no dashes among them. */
const DASHES = 4;

/** A run's dashes, by its place among all; none for the first. */
export function runDash(index: number): number[] | undefined {
  const round = Math.floor(index / DISTINCT) % DASHES;
  return round === 0 ? undefined : [2 + 4 * round, 4];
}

/** A colour of the page's style sheet. */
export function styleColour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name)
    .trim();
}
