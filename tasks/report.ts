/**
 * Makes reports from what clients and servers printed with `--json`.
 *
 * @module
 */
import {
  bundlePage,
  type ClientRun,
  compareRuns,
  type Comparison,
  csvSummary,
  describeDifference,
  differingSettings,
  formatChange,
  formatP,
  markdownSummary,
  measurementsOf,
  type PageComparison,
  readRuns,
  reportPage,
  rowsOf,
  type Runs,
  type SideFigure,
  type Source,
  verdictLine,
} from "../report/mod.ts";
import { markdownTable, markdownText } from "../report/summary.ts";
import { describeError } from "../net/errors.ts";
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  list,
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
  positionals: "FILE... [-- FILE...]",
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
    "title": optionalValue({
      placeholder: "TEXT",
      parse: (text) => text,
      help: "The page's heading.",
    }),
    "note": list({
      placeholder: "TEXT",
      parse: (text) => text,
      help: "A note at the top of the page; may repeat.",
    }),
    "compare": flag(
      "Are the runs of the second file, or of those after --, worse than the others? Exit 1 if so.",
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
    "page": optionalValue({
      placeholder: "FILE",
      parse: (text) => text,
      help: "With --compare: write a page, too, with both sides.",
    }),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    ["run.jsonl > report.html", "one run"],
    ["lab*.jsonl server.jsonl --out report.html", "many boxes"],
    ["mesh/*.jsonl --title 'Lab 3' --out report.html", "with a title"],
    ["--compare before.jsonl after.jsonl", "before and after"],
    [
      "--compare before*.jsonl -- after*.jsonl",
      "several runs of each: is it more than chance?",
    ],
    ["--summary markdown *.jsonl", "a table for a pull request"],
  ],
  exitCodes: [
    [DONE, "done; with --compare: nothing is found worse"],
    [FAILED, "no run could be read, or with --compare: something is worse"],
    [
      USAGE,
      "the command line was wrong, or runs cannot be compared: other settings, or too few runs to tell",
    ],
  ],
} satisfies CommandDefinition;

type Options = OptionValues<typeof REPORT.options>;

/** What a page says besides its runs. */
function textsOf({ title, note }: Options) {
  return { title, notes: note };
}

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

async function writeFile(name: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(name, text);
  } catch (error) {
    throw new TaskError(
      `cannot write ${oneLine(name)}: ${describeError(error)}`,
    );
  }
}

async function write(text: string, out: string | undefined): Promise<void> {
  if (out !== undefined) return await writeFile(out, text);
  const data = new TextEncoder().encode(text);
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
    ? await reportPage(runs, await bundlePage(), textsOf(options))
    : await (options.summary === "csv" ? csvSummary : markdownSummary)(
      rowsOf(runs.clients),
    );
  await write(text, options.out);
  return DONE;
}

/** The files of each side: two files, or those before and after `--`. */
function sidesOf(
  names: string[],
  afterDashes: string[] | undefined,
): [before: string[], after: string[]] {
  const after = afterDashes ?? names.slice(1);
  const before = names.slice(0, names.length - after.length);
  const isPair = before.length === 1 && after.length === 1;
  if (before.length === 0 || after.length === 0 || !afterDashes && !isPair) {
    throw new UsageError(
      "--compare takes two files, or more with -- between those before and after",
    );
  }
  const option = afterDashes?.find((name) => name.startsWith("--"));
  if (option !== undefined) {
    throw new UsageError(
      `options come before --, and ${option} comes after it`,
    );
  }
  const again = names.find((name, i) => names.indexOf(name) < i);
  if (again !== undefined) {
    throw new UsageError(`--compare: ${again} is named twice`);
  }
  return [before, after];
}

/** Those of a side's runs that have a result. */
function endedRuns({ clients }: Runs, names: readonly string[]): ClientRun[] {
  const ended = clients.filter(({ result }) => result !== undefined);
  for (const { source } of clients.filter((run) => !ended.includes(run))) {
    console.error(`report: ${oneLine(source)}: left out, it has no result`);
  }
  if (ended.length === 0) {
    throw new TaskError(
      `${names.map(oneLine).join(", ")}: there is no run to compare`,
    );
  }
  return ended;
}

async function compare(
  files: readonly string[][],
  options: Options,
): Promise<number> {
  if (options.summary === "csv") {
    throw new UsageError(
      "--compare gives text, or with --summary markdown a table",
    );
  }
  const all: Runs = { clients: [], servers: [], problems: [] };
  const sides: ClientRun[][] = [];
  for (const names of files) {
    const runs = await readAll(names);
    sides.push(endedRuns(runs, names));
    all.clients.push(...runs.clients);
    all.servers.push(...runs.servers);
    all.problems.push(...runs.problems);
  }
  const differences = differingSettings(sides.flat()).map(describeDifference);
  if (differences.length > 0 && !options["different-settings"]) {
    throw new TaskError(
      [
        "the runs differ in their settings, and are compared only with --different-settings:",
        ...differences.map((line) => `  ${line}`),
      ].join("\n"),
      USAGE,
    );
  }
  const [before, after] = sides.map((runs) =>
    runs.flatMap((run) => measurementsOf(run) ?? [])
  );
  const comparison: PageComparison = {
    ...compareRuns(before, after, options.threshold),
    differences,
  };
  if (options.page !== undefined) {
    const page = await reportPage(all, await bundlePage(), {
      ...textsOf(options),
      comparison,
    });
    await writeFile(options.page, page);
  }
  const isText = options.summary === undefined;
  await write(
    heading(differences, isText) + figuresTable(comparison, isText) +
      `\n${verdictLine(comparison)}\n`,
    options.out,
  );
  return EXIT_CODES[comparison.verdict];
}

const EXIT_CODES: Record<Comparison["verdict"], number> = {
  "not worse": DONE,
  "worse": FAILED,
  "unknown": USAGE,
};

/** The settings in which runs differ, above their figures. */
function heading(differences: readonly string[], isText: boolean): string {
  return differences.length === 0 ? "" : [
    `different settings:${isText ? "" : "\n"}`,
    ...differences.map((line) =>
      isText ? `  ${line}` : `- ${markdownText(line)}`
    ),
    "\n",
  ].join("\n");
}

/** The figures of both sides, as text or in Markdown. */
function figuresTable(comparison: Comparison, isText: boolean): string {
  const isTested = comparison.leastP !== undefined;
  const titles = [
    "",
    ...["before", "after"].flatMap((name, i) => {
      const count = comparison.runs[i];
      return isTested
        ? [count === 1 ? name : `${name}, median of ${count}`, "range"]
        : name;
    }),
    "change",
    ...isTested ? ["p"] : [],
    "judgement",
  ];
  const cells = (side: SideFigure | undefined) =>
    isTested ? [side?.text ?? "", side?.range ?? ""] : side?.text ?? "";
  const rows = comparison.figures.map((figure) => [
    figure.name,
    ...[figure.before, figure.after].flatMap(cells),
    figure.change === undefined ? "" : formatChange(figure.change),
    ...isTested ? [figure.p === undefined ? "" : formatP(figure.p)] : [],
    figure.judgement,
  ]);
  return isText ? alignedTable([titles, ...rows]) : markdownTable(titles, rows);
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

await runTask(REPORT, (commandLine) => {
  const { options, given, positionals, afterDashes } = commandLine;
  if (positionals.length === 0) {
    throw new UsageError("name the files to report, or - for standard input");
  }
  for (const name of ["threshold", "different-settings", "page"] as const) {
    if (given.has(name) && !options.compare) {
      throw new UsageError(`--${name} goes with --compare`);
    }
  }
  const makesPage = options.compare
    ? options.page !== undefined
    : options.summary === undefined;
  for (const name of ["title", "note"] as const) {
    if (given.has(name) && !makesPage) {
      throw new UsageError(
        `--${name} is for a page: leave out --summary, or with --compare give --page`,
      );
    }
  }
  return options.compare
    ? compare(sidesOf(positionals, afterDashes), options)
    : report(positionals, options);
});
