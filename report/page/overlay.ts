/// <reference lib="dom" />
/**
 * Outages as bands, and lost connections as marks, beneath the lines of a chart.
 *
 * @module
 */
import type uPlot from "uplot";
import { runColour } from "./colours.ts";

/** What lies beneath the lines of a run. */
export interface Overlay {
  /** The place of the run among all, which gives it its colour. */
  run: number;
  /** Times in which nothing came back. */
  bands: [from: number, to: number][];
  /** Moments at which a connection was lost. */
  marks: number[];
}

/** The least width of a band: an outage of seconds shows in a day, too. */
const LEAST_WIDTH = 2;

/** How much a band covers; those of many runs, which overlap, share that of a few. */
const COVER = 0.16;
const FEW = 4;

/** The height of each run's bar at the top, which tells apart whose outage it is. */
const BAR = 5;
const MOST_BARS = 12;

/** The size of a mark, at the bottom. */
const MARK = 7;

/** Paints them, so many times their size; lengths are in pixels of the page. */
export function paintOverlay(
  plot: uPlot,
  overlays: readonly Overlay[],
  scale: number,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio * scale;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const withBands = overlays.filter(({ bands }) => bands.length > 0);
  const cover = COVER * Math.min(1, FEW / withBands.length);
  for (const [place, { run, bands }] of withBands.entries()) {
    ctx.fillStyle = runColour(run);
    for (const [from, to] of bands) {
      const left = plot.valToPos(from, "x", true);
      const width = Math.max(
        plot.valToPos(to, "x", true) - left,
        LEAST_WIDTH * ratio,
      );
      ctx.globalAlpha = cover;
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
      const top = bbox.top + (place % MOST_BARS) * BAR * ratio;
      ctx.fillRect(left, top, width, (BAR - 1) * ratio);
    }
  }
  for (const { run, marks } of overlays) {
    ctx.fillStyle = runColour(run);
    const bottom = bbox.top + bbox.height;
    for (const mark of marks) {
      const middle = plot.valToPos(mark, "x", true);
      ctx.beginPath();
      ctx.moveTo(middle, bottom - MARK * ratio);
      ctx.lineTo(middle - MARK * ratio / 2, bottom);
      ctx.lineTo(middle + MARK * ratio / 2, bottom);
      ctx.fill();
    }
  }
  ctx.restore();
}
