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
import { element } from "./dom.ts";
import { LoadChart } from "./load_chart.ts";
import { outagesOf } from "../outages.ts";
import { hasOutages, OutagesTable } from "./outages_table.ts";
import { RunsTable } from "./runs_table.ts";
import { serversTable } from "./servers_table.ts";
import { timeSwitch } from "./time_switch.ts";
import { sharesClock, type TimeScale } from "./timeline.ts";

const data: PageData = JSON.parse(
  document.getElementById("data")!.textContent!,
);
await show(data, document.getElementById("report")!);
// Tests and screenshots wait for this.
document.body.dataset.ready = "true";

async function show(data: PageData, report: HTMLElement): Promise<void> {
  const { runs, servers, problems, comparison } = data;
  report.append(
    element("h1", {}, "echosounder report"),
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
    let scale: TimeScale = sharesClock(runs) ? "local" : "start";
    const update = async () => {
      const chosen = runs.filter((run) => table.selected.has(run));
      const merged = await mergeMeasurements(
        chosen.flatMap(({ measurements }) => measurements ?? []),
      );
      table.showTogether(merged);
      outages.show(chosen, scale);
      await charts.draw(table.selected, merged.rtt_us, scale);
      loadChart.draw(table.selected);
    };
    // One drawing after the other, however fast runs are selected.
    let drawing: Promise<void>;
    const redraw = () => {
      drawing = drawing.then(update);
    };
    const table = new RunsTable(runs, redraw);
    report.append(section("Runs", table.element));
    if (runs.some(({ measurements }) => measurements?.rtt_us?.histogram)) {
      report.append(section("Round-trip delay", charts.delays));
    }
    if (runs.some(({ series }) => series) || hasOutages(runs)) {
      const times = timeSwitch(startOfAll(runs), scale, (chosen) => {
        scale = chosen;
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
  return Math.min(...runs.map(({ time }) => Date.parse(time))) / 1e3;
}

/** `3 runs: 2 passed, 1 failed; 2 outages, the longest 5 min. Made 2026-11-24 02:05 UTC.` */
function overview({ runs, servers, made }: PageData): string {
  const verdicts = (["passed", "failed", "sent", "cut off"] as const)
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
    const longest = Math.max(...outages.map(({ longest_us }) => longest_us));
    // Of outages that were only counted, no length is known.
    const length = longest === 0
      ? ""
      : `, the longest ${formatDuration(longest)}`;
    parts.push(`${plural(count, "outage")}${length}`);
  }
  if (servers.length > 0) parts.push(plural(servers.length, "server"));
  return `${parts.join("; ")}. Made ${
    made.slice(0, 16).replace("T", " ")
  } UTC.`;
}
