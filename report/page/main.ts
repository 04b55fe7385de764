/// <reference lib="dom" />
/**
 * The page's program: shows the data that is embedded in the page.
 *
 * @module
 */
import "uplot/style";
import "./page.css";
import { formatDuration, plural } from "../../text/format.ts";
import { mergeMeasurements } from "../measurements.ts";
import type { PageData, PageRun } from "../page_data.ts";
import { beforeAfter } from "./before_after.ts";
import { Charts } from "./charts.ts";
import { formatZoned } from "./clock.ts";
import { element } from "./dom.ts";
import { LoadChart } from "./load_chart.ts";
import { MeshGrid } from "./mesh_grid.ts";
import { outagesOf } from "../outages.ts";
import { hasOutages, OutagesTable } from "./outages_table.ts";
import { RunsTable } from "./runs_table.ts";
import { SelectionLine } from "./selection_line.ts";
import { serversTable } from "./servers_table.ts";
import { timeSwitch } from "./time_switch.ts";
import { sharesClock, type TimeScale } from "./timeline.ts";

/** The most runs that are drawn at once, however many are selected. */
const MOST_DRAWN = 60;

const data: PageData = JSON.parse(
  document.getElementById("data")!.textContent!,
);
await show(data, document.getElementById("report")!);
// Tests and screenshots wait for this.
document.body.dataset.ready = "true";

async function show(data: PageData, report: HTMLElement): Promise<void> {
  const { title, notes, headline, comparison } = data;
  const { runs, meshes, servers, problems } = data;
  report.append(
    element("h1", {}, title),
    ...headline === ""
      ? []
      : [element("p", { className: "headline" }, headline)],
    ...notes.map((note) => element("p", { className: "note" }, note)),
    element("p", { className: "overview" }, overview(data)),
  );
  if (problems.length > 0) {
    const list = problems.map(({ file, line, message }) =>
      element(
        "li",
        {},
        line === undefined
          ? `${file}: ${message}`
          : `${file}, line ${line}: ${message}`,
      )
    );
    report.append(
      section("Not read", element("ul", { className: "problems" }, ...list)),
    );
  }
  if (comparison !== undefined) {
    report.append(section("Before and after", beforeAfter(comparison)));
  }
  if (runs.length > 0) {
    const charts = new Charts(runs);
    const loadChart = new LoadChart(runs);
    const outages = new OutagesTable();
    const selection = new SelectionLine(runs);
    let scale: TimeScale = sharesClock(runs) ? "local" : "start";
    const update = async () => {
      const chosen = runs.filter((run) => table.selected.has(run));
      const merged = await mergeMeasurements(
        chosen.flatMap(({ measurements }) => measurements ?? []),
      );
      table.showTogether(merged);
      outages.show(chosen, scale);
      const drawn = new Set(chosen.slice(0, MOST_DRAWN));
      selection.show(chosen.length, drawn.size);
      await charts.draw(drawn, merged.rtt_us, scale);
      loadChart.draw(drawn);
    };
    // One drawing after the other, however fast runs are selected.
    let drawing: Promise<void>;
    const redraw = () => {
      drawing = drawing.then(update);
    };
    const table = new RunsTable(runs, redraw);
    if (meshes.length > 0) {
      const grid = new MeshGrid(meshes, ({ name, runs: places }) => {
        table.select(places.map((place) => runs[place]));
        selection.goTo(name);
      });
      report.append(section("Mesh", grid.element));
    }
    report.append(section("Runs", table.element), selection.element);
    if (runs.some(({ measurements }) => measurements?.rtt_us?.histogram)) {
      report.append(section("Round-trip delay", charts.delays));
    }
    if (runs.some(({ series }) => series) || hasOutages(runs)) {
      const times = timeSwitch(startOfAll(runs), scale, (chosen) => {
        scale = chosen;
        // The time since a start is no time to look for in a log.
        table.showTimes(chosen === "start" ? "local" : chosen);
        redraw();
      });
      report.append(section(
        "Over time",
        times,
        ...hasOutages(runs) ? [outages.element] : [],
        charts.overTime,
      ));
    }
    if (runs.some(({ measurements }) => measurements?.measured?.flows)) {
      report.append(section("Flows", charts.flows));
    }
    if (runs.some(({ swept }) => swept)) {
      report.append(section("By size", charts.bySize));
    }
    if (runs.some(({ underLoad }) => underLoad)) {
      report.append(section("Under load", loadChart.element));
    }
    drawing = update();
    await drawing;
  }
  if (servers.length > 0) {
    report.append(section("Servers", serversTable(servers, runs)));
  }
}

function section(title: string, ...content: HTMLElement[]): HTMLElement {
  return element("section", {}, element("h2", {}, title), ...content);
}

/** When the first run began, in seconds since 1970. */
function startOfAll(runs: readonly PageRun[]): number {
  return runs.reduce(
    (first, { time }) => Math.min(first, Date.parse(time)),
    Infinity,
  ) / 1e3;
}

/** `3 runs: 2 passed, 1 failed; 2 servers. Made 2026-11-24 02:05:12 UTC+01:00.` */
function overview({ runs, servers, made }: PageData): string {
  const verdicts = (["failed", "cut off", "sent", "passed"] as const)
    .map((name) => ({
      name,
      count: runs.filter(({ verdict }) => verdict.text === name).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name}`);
  const parts = [];
  if (runs.length > 0) {
    parts.push(`${plural(runs.length, "run")}: ${verdicts.join(", ")}`);
  }
  const outages = runs.flatMap((run) => outagesOf(run) ?? []);
  const count = outages.reduce((sum, each) => sum + each.count, 0);
  if (count > 0) {
    const longest = outages.reduce(
      (longest, { longest_us }) => Math.max(longest, longest_us),
      0,
    );
    // Of outages that were only counted, no length is known.
    const length = longest === 0
      ? ""
      : `, the longest ${formatDuration(longest)}`;
    parts.push(`${plural(count, "outage")}${length}`);
  }
  if (servers.length > 0) parts.push(plural(servers.length, "server"));
  return `${parts.join("; ")}. Made ${
    formatZoned("local", Date.parse(made) / 1e3)
  }.`;
}
