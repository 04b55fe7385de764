/**
 * The commands of every page, run as they stand there and in their order, each
 * page on a machine of its own (`lab.ts`).
 *
 * - A block of `sh` runs to its end, each command with exit code 0, unless
 *   `<!-- not run: why -->` stands before it. `<!-- exit code: 0 or 1 -->` is for
 *   a block whose outcome depends on the machine.
 * - A block without a language right after it has lines that it prints, figures
 *   and verdicts aside.
 * - A block of `ts` that imports the library runs, and prints its comments.
 *
 * A measurement is shorter and slower, so that sockets have room for all of it: the
 * machine may be busy.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readRuns, reportPage } from "../../report/mod.ts";
import { ROOT } from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";
import { HAS_LAB, Lab, LAB_NEEDS } from "./lab.ts";
import { type Block, type Page, pageAt, PAGES } from "./markdown.ts";

/** Languages of commands that are for another system, or another program. */
const FOREIGN = ["powershell", "bat"];

const NOT_RUN = /^not run: \S/;
const EXIT_CODES = /^exit code: (\d+(?: or \d+)*)$/;

function isCommands({ language }: Block): boolean {
  return language === "sh" || FOREIGN.includes(language);
}

function isRun({ language, notes, text }: Block): boolean {
  if (notes.some((note) => NOT_RUN.test(note))) return false;
  return language === "sh" ||
    language === "ts" && /from "\.\/(report\/)?mod\.ts"/.test(text);
}

/** The exit codes that a block may end with, where its page says which. */
function exitCodes({ notes }: Block): number[] | undefined {
  return notes.map((note) => EXIT_CODES.exec(note)?.[1]).find((codes) => codes)
    ?.split(" or ").map(Number);
}

/** A block as it is run: sooner at its end, and with fewer messages. */
function shortened(commands: string): string {
  return commands
    .replaceAll(/--rate \d+\b/g, "--rate 100")
    .replaceAll(/--duration \d+(ms|s|m|h)\b/g, "--duration 200ms")
    .replaceAll(/--warmup \d+(ms|s|m)\b/g, "--warmup 50ms");
}

/** A line without what differs from run to run: all but exit codes, and the bytes of one message. */
function shape(line: string): string {
  return line
    .replaceAll(
      /(?<!exit code |Bytes \w+: )[-+]?\d[\d.,]*( ?[kMG])?( ?(i?B|µs|us|ms|s|h)\b)?/g,
      "#",
    )
    .replaceAll(/ \(# ?%?\)| ?%|at least /g, "")
    .replaceAll(/(?<=# *)\b(same|better|worse|unclear|too few)$/g, "verdict")
    .replaceAll(/[█▏▎▍▌▋▊▉]+/g, "█")
    .replaceAll(/\s+/g, " ").trim();
}

/** The lines that are not among those printed, each after the one before. */
function missingLines(
  lines: string,
  printed: string,
  same: (line: string) => string = shape,
): string[] {
  const rest = printed.split("\n").map(same);
  return lines.trimEnd().split("\n").filter((line) => {
    const at = rest.indexOf(same(line));
    rest.splice(0, at + 1);
    return at < 0;
  });
}

/** What a program prints, as the comments of its source have it. */
function printedComments(source: string): string {
  return [...source.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)]
    .map(([, text]) => `${text}\n`).join("");
}

async function runPage({ blocks }: Page): Promise<void> {
  await using lab = new Lab();
  for (const [i, block] of blocks.entries()) {
    if (!isRun(block)) continue;
    const { place, language, text } = block;
    const codes = exitCodes(block);
    let commands = shortened(text);
    let printed = blocks[i + 1]?.language === "" ? blocks[i + 1].text : "";
    if (language === "ts") {
      commands = `cat > page.ts <<'END'\n${text}END\n` +
        "deno run --quiet --config=cli/deno.json --allow-net --unstable-net page.ts\n";
      printed = printedComments(text);
    }
    let outcome: { code: number; output: string };
    try {
      outcome = await lab.run(commands, codes !== undefined);
    } catch (error) {
      throw new Error(`${place}: ${(error as Error).message}`);
    }
    const { code, output } = outcome;
    assert((codes ?? [0]).includes(code), `${place}: ${code}\n${output}`);
    const missing = language === "ts"
      ? missingLines(printed, output, (line) => line)
      : missingLines(printed, output);
    assert(
      printed === "" || missing.length === 0,
      `${place} does not print\n${missing.join("\n")}\n\nbut\n${output}`,
    );
  }
}

let fetching: Promise<unknown> | undefined;

/** There is no registry in the lab: what a report needs is fetched before. */
async function fetched(): Promise<void> {
  fetching ??= readRuns([]).then(reportPage);
  await fetching;
}

/** A page in another language has the commands of the one that it translates. */
const TRANSLATED = PAGES.filter(({ path }) => path.endsWith(".zh.md"));

for (const page of PAGES) {
  if (TRANSLATED.includes(page) || !page.blocks.some(isRun)) continue;
  testWhere(
    HAS_LAB,
    LAB_NEEDS,
    `the commands of ${page.path} do what it says`,
    async () => {
      await fetched();
      await runPage(page);
    },
  );
}

Deno.test("each block of commands is run, or its page says why not", () => {
  const silent = PAGES.flatMap(({ blocks }) => blocks)
    .filter((block) => isCommands(block) && !isRun(block))
    .filter(({ notes }) => !notes.some((note) => NOT_RUN.test(note)))
    .map(({ place }) => place);
  assertEquals(silent, []);
});

Deno.test("each block of JSON in a page can be read", () => {
  for (
    const { place, language, text } of PAGES.flatMap((page) => page.blocks)
  ) {
    if (language !== "json") continue;
    try {
      JSON.parse(text);
    } catch (error) {
      throw new Error(`${place}: ${(error as Error).message}`);
    }
  }
});

/** Commands without their comments, which are in the page's language. */
function commandsOf({ blocks }: Page): string[] {
  return blocks.filter((block) =>
    isCommands(block) || block.language === "json"
  )
    .map(({ text }) => text.replaceAll(/ *(?<=^|\s)#.*$/gm, "").trim());
}

for (const page of TRANSLATED) {
  const original = page.path.replace(".zh.md", ".md");
  Deno.test(`${page.path} has the commands of ${original}, in its order`, () => {
    assertEquals(commandsOf(page), commandsOf(pageAt(original)));
    assert(commandsOf(page).length > 0);
  });
}

testWhere(
  HAS_LAB,
  LAB_NEEDS,
  "a command that fails, and a line that is not printed, are found in a page",
  async () => {
    await using lab = new Lab();
    const { code, output } = await lab.run("false; echo on\n", true);
    assertEquals([code, output.trim()], [0, "on"]);
    assertEquals(missingLines("1 of 2 ms\noff\n", "3 of 4.5 s\non\n"), ["off"]);
    assertEquals(missingLines("exit code 3", "exit code 4"), ["exit code 3"]);
    let failure = "";
    await lab.run("echo first\nfalse\necho second\n")
      .catch((error) => failure = error.message);
    assertStringIncludes(failure, "ended with 1");
    assert(!failure.includes("\nsecond\n\n"), failure);
    // What it wrote is not in the project.
    await assertIsCopy();
  },
);

async function assertIsCopy(): Promise<void> {
  await using lab = new Lab();
  await lab.run("echo only here > only-here\n");
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name);
  assertEquals(names.includes("only-here"), false);
}
