/// <reference lib="dom" />
/**
 * The page's program: shows the data that is embedded in the page.
 *
 * @module
 */
import "uplot/style";
import "./page.css";
import { plural } from "../../text/format.ts";
import { mergeMeasurements } from "../measurements.ts";
import type { PageData } from "../page_data.ts";
import { Charts } from "./charts.ts";
import { element } from "./dom.ts";
import { LoadChart } from "./load_chart.ts";
import { RunsTable } from "./runs_table.ts";
import { serversTable } from "./servers_table.ts";

const data: PageData = JSON.parse(
  document.getElementById("data")!.textContent!,
);
await show(data, document.getElementById("report")!);
// Tests and screenshots wait for this.
document.body.dataset.ready = "true";

async function show(data: PageData, report: HTMLElement): Promise<void> {
  const { runs, servers, problems } = data;
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
  if (runs.length > 0) {
    const charts = new Charts(runs);
    const loadChart = new LoadChart(runs);
    const update = async () => {
      const chosen = runs.filter((run) => table.selected.has(run));
      const merged = await mergeMeasurements(
        chosen.flatMap(({ measurements }) => measurements ?? []),
      );
      table.showTogether(merged);
      await charts.draw(table.selected, merged.rtt_us);
      loadChart.draw(table.selected);
    };
    // One drawing after the other, however fast runs are selected.
    let drawing: Promise<void>;
    const table = new RunsTable(runs, () => {
      drawing = drawing.then(update);
    });
    report.append(section("Runs", table.element));
    if (runs.some(({ measurements }) => measurements?.rtt_us?.histogram)) {
      report.append(section("Round-trip delay", charts.delays));
    }
    if (runs.some(({ series }) => series)) {
      report.append(section("Over time", charts.overTime));
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

function section(title: string, content: HTMLElement): HTMLElement {
  return element("section", {}, element("h2", {}, title), content);
}

/** `3 runs: 2 passed, 1 failed. Made 2026-11-24 02:05 UTC.` */
function overview({ runs, servers, made }: PageData): string {
  const verdicts = (["passed", "failed", "cut off"] as const)
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
  if (servers.length > 0) parts.push(plural(servers.length, "server"));
  return `${parts.join("; ")}. Made ${
    made.slice(0, 16).replace("T", " ")
  } UTC.`;
}
