/**
 * Makes reports from what clients and servers printed with `--json`.
 *
 * @module
 */
import {
  bundlePage,
  type ClientRun,
  compareRuns,
  csvSummary,
  type DifferingSetting,
  differingSettings,
  markdownSummary,
  measurementsOf,
  readRuns,
  reportPage,
  rowsOf,
  type Runs,
  type Source,
} from "../report/mod.ts";
import { markdownTable, markdownText } from "../report/summary.ts";
import { describeError } from "../net/errors.ts";
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  optionalValue,
  type OptionValues,
  value,
} from "../cli/command_line/options.ts";
import { oneLine } from "../text/printable.ts";
import { runTask, TaskError } from "./task.ts";
import { oneOf, percentage, UsageError } from "../cli/command_line/values.ts";

const REPORT = {
  role: "report",
  purpose: "makes one page from what clients and servers printed with --json.",
  positionals: "FILE...",
  options: {
    "out": optionalValue({
      placeholder: "FILE",
      parse: (text) => text,
      help: "Write to this file instead of standard output.",
    }),
    "summary": optionalValue({
      placeholder: "FORM",
      parse: oneOf("markdown", "csv"),
      help: "A table instead of the page: markdown or csv.",
    }),
    "compare": flag(
      "Is the second file's run worse than the first's? Exit 1 if so.",
    ),
    "threshold": value({
      placeholder: "PERCENT",
      fallback: "10%",
      parse: percentage,
      help: "With --compare: by how much a figure may be worse.",
    }),
    "different-settings": flag(
      "With --compare: compare runs even where their settings differ.",
    ),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    ["run.jsonl > report.html", "one run"],
    ["lab*.jsonl server.jsonl --out report.html", "many boxes"],
    ["--compare before.jsonl after.jsonl", "before and after"],
    ["--summary markdown *.jsonl", "a table for a pull request"],
  ],
  exitCodes: [
    [DONE, "done; with --compare: nothing is worse"],
    [FAILED, "no run could be read, or with --compare: something is worse"],
    [USAGE, "the command line was wrong, or runs differ in their settings"],
  ],
} satisfies CommandDefinition;

type Options = OptionValues<typeof REPORT.options>;

/** A file's text, or that of standard input for `-`. */
async function readSource(name: string): Promise<Source> {
  return name === "-"
    ? {
      name: "standard input",
      text: decode(await new Response(Deno.stdin.readable).bytes()),
    }
    : { name, text: decode(await Deno.readFile(name)) };
}

/** Decodes UTF-8, or UTF-16 with a mark, as Windows PowerShell 5 redirects. */
function decode(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}

/**
 * Reads files one after the other, so that memory holds the text of only one, and
 * prints on standard error what could not be used.
 */
async function readAll(names: readonly string[]): Promise<Runs> {
  const all: Runs = { clients: [], servers: [], problems: [] };
  for (const name of names) {
    let runs: Runs;
    try {
      runs = await readRuns([await readSource(name)]);
    } catch (error) {
      const message = `it cannot be read: ${describeError(error)}`;
      runs = { clients: [], servers: [], problems: [{ file: name, message }] };
    }
    all.clients.push(...runs.clients);
    all.servers.push(...runs.servers);
    all.problems.push(...runs.problems);
  }
  for (const { file, line, message } of all.problems) {
    const where = line === undefined ? file : `${file}:${line}`;
    console.error(`report: ${oneLine(where)}: ${oneLine(message)}`);
  }
  return all;
}

async function write(text: string, out: string | undefined): Promise<void> {
  const data = new TextEncoder().encode(text);
  if (out !== undefined) {
    try {
      return await Deno.writeFile(out, data);
    } catch (error) {
      throw new TaskError(
        `cannot write ${oneLine(out)}: ${describeError(error)}`,
      );
    }
  }
  try {
    await new Blob([data]).stream().pipeTo(Deno.stdout.writable);
  } catch (error) {
    // A reader that has seen enough (`| head -1`) is no failure.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

async function report(names: string[], options: Options): Promise<number> {
  if (
    options.summary === undefined && options.out === undefined &&
    Deno.stdout.isTerminal()
  ) {
    throw new UsageError(
      "a page is not for a terminal: write it to a file, with --out report.html",
    );
  }
  const runs = await readAll(names);
  if (runs.clients.length + runs.servers.length === 0) {
    throw new TaskError("there is no run to report");
  }
  const text = options.summary === undefined
    ? await reportPage(runs, await bundlePage())
    : await (options.summary === "csv" ? csvSummary : markdownSummary)(
      rowsOf(runs.clients),
    );
  await write(text, options.out);
  return DONE;
}

/** The runs of one file that have a result. */
async function endedRunsIn(name: string): Promise<ClientRun[]> {
  const { clients } = await readAll([name]);
  const ended = clients.filter(({ result }) => result !== undefined);
  for (const { source } of clients.filter((run) => !ended.includes(run))) {
    console.error(`report: ${oneLine(source)}: left out, it has no result`);
  }
  if (ended.length === 0) {
    throw new TaskError(`${oneLine(name)}: there is no run to compare`);
  }
  return ended;
}

/** The most sources that are named for one value of a setting. */
const MOST_SOURCES = 3;

/** `service: echo (a.jsonl), discard (b.jsonl)`: each setting that differs. */
function describeDifferences(
  differences: readonly DifferingSetting[],
): string[] {
  return differences.map(({ name, values }) => {
    const each = values.map(({ text, sources }) => {
      const more = sources.length - MOST_SOURCES;
      const named = sources.slice(0, MOST_SOURCES).map(oneLine).join(", ");
      return `${text} (${named}${more > 0 ? ` and ${more} more` : ""})`;
    });
    return `${name}: ${each.join(", ")}`;
  });
}

async function compare(names: string[], options: Options): Promise<number> {
  if (names.length !== 2) {
    throw new UsageError("--compare takes two files: before and after");
  }
  if (options.summary === "csv") {
    throw new UsageError(
      "--compare gives text, or with --summary markdown a table",
    );
  }
  const before = await endedRunsIn(names[0]);
  const after = await endedRunsIn(names[1]);
  const differences = describeDifferences(
    differingSettings([...before, ...after]),
  );
  if (differences.length > 0 && !options["different-settings"]) {
    throw new TaskError(
      [
        "the runs differ in their settings, and are compared only with --different-settings:",
        ...differences.map((line) => `  ${line}`),
      ].join("\n"),
      USAGE,
    );
  }
  const figuresOf = (runs: ClientRun[]) =>
    runs.flatMap((run) => measurementsOf(run) ?? []);
  const { figures, isWorse } = await compareRuns(
    figuresOf(before),
    figuresOf(after),
    options.threshold,
  );
  const rows = figures.filter(({ judgement }) => judgement !== "no figure")
    .map(({ name, base, now, change, judgement }) => [
      name,
      base,
      now,
      change === undefined ? "" : signed(change),
      judgement,
    ]);
  const titles = ["", "before", "after", "change", "judgement"];
  const verdict = isWorse
    ? `worse by more than ${options.threshold} %`
    : `not worse by more than ${options.threshold} %`;
  const isText = options.summary === undefined;
  const heading = differences.length === 0 ? "" : [
    `different settings:${isText ? "" : "\n"}`,
    ...differences.map((line) =>
      isText ? `  ${line}` : `- ${markdownText(line)}`
    ),
    "\n",
  ].join("\n");
  const table = isText
    ? alignedTable([titles, ...rows])
    : markdownTable(titles, rows);
  await write(`${heading}${table}\n${verdict}\n`, options.out);
  return isWorse ? FAILED : DONE;
}

/** `+12 %`. */
function signed(percent: number): string {
  const rounded = Number(percent.toFixed(Math.abs(percent) < 10 ? 1 : 0));
  return `${rounded > 0 ? "+" : ""}${rounded} %`;
}

function alignedTable(rows: string[][]): string {
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  return rows.map((row) =>
    row.map((cell, i) =>
      // Figures to the right, words to the left.
      i > 0 && i < row.length - 1
        ? cell.padStart(widths[i])
        : cell.padEnd(widths[i])
    ).join("  ").trimEnd() + "\n"
  ).join("");
}

await runTask(REPORT, ({ options, given, positionals }) => {
  if (positionals.length === 0) {
    throw new UsageError("name the files to report, or - for standard input");
  }
  for (const name of ["threshold", "different-settings"] as const) {
    if (given.has(name) && !options.compare) {
      throw new UsageError(`--${name} goes with --compare`);
    }
  }
  return options.compare
    ? compare(positionals, options)
    : report(positionals, options);
});
