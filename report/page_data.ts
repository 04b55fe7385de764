/**
 * The data that is embedded in a page.
 *
 * @module
 */
import { formatExpectation, plural } from "../text/format.ts";
import { formatAddress } from "../net/address.ts";
import type { Row } from "./columns.ts";
import { measurementsOf, settingsOf } from "./measurements.ts";
import {
  type ClientRun,
  type Problem,
  type Runs,
  type ServerRun,
  verdictOf,
} from "./runs.ts";
import { type LoadSeries, loadSeriesOf } from "./load_series.ts";
import { hasMoreLostThanSent, type Series, seriesOf } from "./series.ts";

/** A client's run on a page. */
export interface PageRun extends Row {
  /** What was expected, in words, and whether it held. */
  expectations: { text: string; held: boolean }[];
  /** Warnings about the figures, and about the client's own part in them. */
  warnings: string[];
  /** Its figures over time. */
  series?: Series;
  /** Under load: its phases over time. */
  underLoad?: LoadSeries[];
}

/** All that a page shows. */
export interface PageData {
  /** The clients' runs. */
  runs: PageRun[];
  /** The servers' runs. */
  servers: ServerRun[];
  /** Input that could not be used. */
  problems: Problem[];
  /** When it was made (RFC 3339). */
  made: string;
}

/** The most points of a run over time, and of all runs together, to bound the page's size. */
const MOST_POINTS = 600;
const MOST_POINTS_IN_ALL = 20_000;

/** Turns runs into rows, with their figures. */
export function rowsOf(runs: readonly ClientRun[]): Row[] {
  return runs.map(rowOf);
}

function rowOf(run: ClientRun): Row {
  const { started, peer } = run;
  const host = started?.target ?? peer?.peer_host;
  const port = (started ?? peer)?.peer_port;
  return {
    source: run.source,
    role: run.role,
    transport: run.transport,
    target: host === undefined ? undefined : formatAddress(host, port!),
    port,
    time: run.time,
    settings: settingsOf(run),
    measurements: measurementsOf(run),
    verdict: verdictOf(run),
  };
}

/** Turns everything that was read into the data of a page. */
export function pageData(runs: Runs): PageData {
  const { clients, servers, problems } = runs;
  const points = Math.floor(
    Math.min(MOST_POINTS, MOST_POINTS_IN_ALL / Math.max(clients.length, 1)),
  );
  return {
    runs: clients.map((run) => ({
      ...rowOf(run),
      expectations: (run.result?.expectations ?? []).map((expectation) => ({
        text: formatExpectation(expectation),
        held: expectation.held,
      })),
      warnings: warningsOf(run),
      series: seriesOf(run.intervals, Math.max(points, 2)),
      underLoad: loadSeriesOf(run.loadIntervals, Math.max(points, 2)),
    })),
    servers,
    problems,
    made: new Date().toISOString(),
  };
}

function warningsOf({ result, intervals }: ClientRun): string[] {
  const warnings = [...result?.measured?.instrument.warnings ?? []];
  const impossible = intervals.filter(hasMoreLostThanSent).length;
  if (impossible > 0) {
    warnings.push(
      `${plural(impossible, "interval")} with more lost than sent, ` +
        "left out of the loss over time",
    );
  }
  return warnings;
}
