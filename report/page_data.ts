/**
 * The data that is embedded in a page.
 *
 * @module
 */
import type { DelaySummary, Direction } from "../events/mod.ts";
import { formatExpectation, plural } from "../text/format.ts";
import { formatAddress } from "../net/address.ts";
import type { Row } from "./columns.ts";
import type { Comparison } from "./compare.ts";
import { measurementsOf, settingsOf } from "./measurements.ts";
import { namesOf } from "./names.ts";
import {
  type ClientRun,
  type Disconnection,
  type Problem,
  type Runs,
  type ServerRun,
  verdictOf,
} from "./runs.ts";
import { type LoadSeries, loadSeriesOf } from "./load_series.ts";
import { headlineOf } from "./headline.ts";
import { type Mesh, meshesOf } from "./mesh.ts";
import { stateOf, STATES } from "./paths.ts";
import { hasMoreLostThanSent, type Series, seriesOf } from "./series.ts";
import { sweepsOf, type SweptRun } from "./sweeps.ts";

/** A client's run on a page. */
export interface PageRun extends Row {
  /** What was expected, in words, and whether it held. */
  expectations: { text: string; held: boolean }[];
  /** Warnings about the figures, and about the client's own part in them. */
  warnings: string[];
  /** The connections that it lost: those that took longest to be made anew. */
  disconnections: Disconnection[];
  /** Its figures over time. */
  series?: Series;
  /** Its place among runs of different sizes. */
  swept?: SweptRun;
  /** Under load: its phases over time. */
  underLoad?: LoadSeries[];
}

/** Runs before and after, for a page. */
export interface PageComparison extends Comparison {
  /** The settings in which they differ, each in a line. */
  differences: string[];
}

/** What a page says besides its runs. */
export interface PageOptions {
  /** Its heading. */
  title?: string;
  /** Notes below it, each a paragraph. */
  notes?: readonly string[];
  /** How the runs before differ from those after, where that is shown. */
  comparison?: PageComparison;
}

/** All that a page shows. */
export interface PageData {
  /** Its heading. */
  title: string;
  /** Notes below it, each a paragraph. */
  notes: readonly string[];
  /** What matters, in a sentence; empty without any runs. */
  headline: string;
  /** The clients' runs, failures first. */
  runs: PageRun[];
  /** Every source and target, where there are several sources; one for each kind of probe. */
  meshes: Mesh[];
  /** The servers' runs. */
  servers: ServerRun[];
  /** Input that could not be used. */
  problems: Problem[];
  /** Where they are compared: how those before differ from those after. */
  comparison?: PageComparison;
  /** When it was made (RFC 3339). */
  made: string;
}

/**
 * The most points of a run over time, about one for each pixel or two of a chart,
 * and of all runs together, to bound the page's size.
 */
const MOST_POINTS = 360;
const MOST_POINTS_IN_ALL = 100_000;

/** The most disconnections of a run; further ones are counted. */
const MOST_DISCONNECTIONS = 100;

/** The most flows of all runs together, for the same reason. */
const MOST_FLOWS_IN_ALL = 20_000;

/**
 * The most runs with the histograms of each way: they are half of the data, and
 * only merged figures come from them.
 */
const MOST_WITH_WAYS = 1000;

/** Turns runs into rows, with their figures. */
export function rowsOf(runs: readonly ClientRun[]): Row[] {
  const names = namesOf(runs);
  return runs.map((run, i) => rowOf(run, names[i]));
}

function rowOf(run: ClientRun, name: string): Row {
  const { started, peer, salvaged } = run;
  const measurements = measurementsOf(run);
  const host = started?.target ?? peer?.peer_host;
  const port = (started ?? peer)?.peer_port;
  return {
    name,
    source: run.source,
    role: run.role,
    transport: run.transport,
    target: host === undefined ? run.target : formatAddress(host, port!),
    port,
    time: run.time,
    settings: settingsOf(run),
    measurements,
    outages: measurements === undefined ? salvaged?.outages : undefined,
    verdict: verdictOf(run),
  };
}

const DEFAULT_TITLE = "echosounder report";

/** Turns everything that was read into the data of a page. */
export async function pageData(
  runs: Runs,
  { title = DEFAULT_TITLE, notes = [], comparison }: PageOptions = {},
): Promise<PageData> {
  const { servers, problems } = runs;
  const clients = failuresFirst(runs.clients);
  const points = Math.floor(
    Math.min(MOST_POINTS, MOST_POINTS_IN_ALL / Math.max(clients.length, 1)),
  );
  const swept = sweepsOf(clients);
  const names = namesOf(clients);
  const withWays = clients.length <= MOST_WITH_WAYS;
  const embedded = (row: Row) =>
    withFewFlows(
      withWays ? row : withoutWays(row),
      MOST_FLOWS_IN_ALL / clients.length,
    );
  return {
    title,
    notes,
    headline: await headlineOf(clients),
    meshes: await meshesOf(clients),
    runs: clients.map((run, i) => ({
      ...embedded(rowOf(run, names[i])),
      expectations: (run.result?.expectations ?? []).map((expectation) => ({
        text: formatExpectation(expectation),
        held: expectation.held,
      })),
      warnings: warningsOf(run),
      disconnections: longestOf(run.disconnections),
      series: seriesOf(run.intervals, Math.max(points, 2)),
      swept: swept.get(run),
      underLoad: loadSeriesOf(run.loadIntervals, Math.max(points, 2)),
    })),
    servers,
    problems,
    comparison,
    made: new Date().toISOString(),
  };
}

/** The worst first, and else in the order of the files. */
function failuresFirst(runs: readonly ClientRun[]): ClientRun[] {
  const rank = (run: ClientRun) => STATES.indexOf(stateOf(run));
  const ranks = new Map(runs.map((run) => [run, rank(run)]));
  return runs.toSorted((one, other) => ranks.get(one)! - ranks.get(other)!);
}

/** Those that took longest to be made anew, in order of time. */
function longestOf(disconnections: readonly Disconnection[]): Disconnection[] {
  const length = ({ disconnected_us = Infinity }: Disconnection) =>
    disconnected_us;
  return disconnections
    .toSorted((one, other) => length(other) > length(one) ? 1 : -1)
    .slice(0, MOST_DISCONNECTIONS)
    .sort((one, other) => one.time < other.time ? -1 : 1);
}

/** The same with no more flows than so many, the worst ones. */
function withFewFlows(row: Row, most: number): Row {
  const flows = row.measurements?.measured?.flows;
  if (flows === undefined || flows.each.length <= most) return row;
  const each = flows.each.slice(0, Math.max(Math.floor(most), 1));
  const { measurements } = row;
  const measured = { ...measurements?.measured, flows: { ...flows, each } };
  return { ...row, measurements: { ...measurements!, measured } };
}

/** The same without the histograms of each way. */
function withoutWays(row: Row): Row {
  const { measurements } = row;
  const { directions } = measurements ?? {};
  if (measurements === undefined || directions === undefined) return row;
  const figures = (delays: DelaySummary | undefined) =>
    delays && { ...delays, histogram: undefined };
  const way = ({ delay_us, variation_us, ...rest }: Direction): Direction => ({
    ...rest,
    delay_us: figures(delay_us),
    variation_us: figures(variation_us),
  });
  return {
    ...row,
    measurements: {
      ...measurements,
      directions: {
        out: way(directions.out),
        back: way(directions.back),
        reflector_us: figures(directions.reflector_us),
      },
    },
  };
}

function warningsOf(
  { result, intervals, disconnections }: ClientRun,
): string[] {
  const warnings = [
    ...result?.directions?.notes ?? [],
    ...result?.measured?.instrument.warnings ?? [],
  ];
  const impossible = intervals.filter(hasMoreLostThanSent).length;
  if (impossible > 0) {
    warnings.push(
      `${plural(impossible, "interval")} with more lost than sent, ` +
        "left out of the loss over time",
    );
  }
  const unmarked = disconnections.length - MOST_DISCONNECTIONS;
  if (unmarked > 0) {
    warnings.push(
      `${plural(disconnections.length, "disconnection")}, of which the ` +
        `${MOST_DISCONNECTIONS} longest are marked`,
    );
  }
  return warnings;
}
