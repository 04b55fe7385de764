/**
 * Brings the passages of code that the pages in `docs/` show up to date.
 *
 * @module
 */
import { DONE, FAILED } from "../cli/exit_codes.ts";
import { type CommandDefinition, flag } from "../cli/command_line/options.ts";
import { UsageError } from "../cli/command_line/values.ts";
import { renewQuotations } from "./quotes/page.ts";
import { runTask, TaskError } from "./task.ts";

const ROOT = new URL("../", import.meta.url);

/** The pages that show code. */
const PAGES = ["docs/sockets.md", "docs/sockets.zh.md"];

const QUOTES = {
  role: "quotes",
  purpose: "brings the code that the pages in docs/ show up to date.",
  positionals: "",
  options: { "help": flag("Show this help.", "h") },
  examples: [["", "after a change to code that a page shows"]],
  exitCodes: [
    [DONE, "done"],
    [FAILED, "code that a page shows is gone: change the page by hand"],
    [2, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

await runTask(QUOTES, async ({ positionals }) => {
  if (positionals.length > 0) throw new UsageError("quotes takes no arguments");
  const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
  const allLost: string[] = [];
  for (const page of PAGES) {
    const { text, renewed, lost } = renewQuotations(read(page), read);
    await Deno.writeTextFile(new URL(page, ROOT), text);
    for (const change of renewed) console.log(`${page}: ${change}`);
    allLost.push(...lost.map((each) => `${page}: ${each}`));
  }
  if (allLost.length > 0) throw new TaskError(allLost.join("\n"));
  return DONE;
});
