/**
 * Generates the programs' man pages from their tables of options.
 *
 * @module
 */
import { DONE, USAGE } from "../cli/exit_codes.ts";
import { type CommandDefinition, flag } from "../cli/command_line/options.ts";
import { ROLES } from "../cli/roles.ts";
import { UsageError } from "../cli/command_line/values.ts";
import { manPage, withoutDate } from "./man/man_page.ts";
import { runTask } from "./task.ts";

const FOLDER = new URL("../man/", import.meta.url);

const MAN = {
  role: "man",
  purpose: "generates man/*.1 from the programs' options.",
  positionals: "",
  options: { "help": flag("Show this help.", "h") },
  examples: [["", "after a change to the options"]],
  exitCodes: [[DONE, "done"], [USAGE, "the command line was wrong"]],
} satisfies CommandDefinition;

/** `November 25, 2026`, as man pages write it. */
function today(): string {
  return new Date().toLocaleDateString("en-US", {
    dateStyle: "long",
    timeZone: "UTC",
  });
}

await runTask(MAN, async ({ positionals }) => {
  if (positionals.length > 0) throw new UsageError("man takes no arguments");
  await Deno.mkdir(FOLDER, { recursive: true });
  const names = ROLES.map(({ role }) => role);
  for (const definition of ROLES) {
    const file = new URL(`${definition.role}.1`, FOLDER);
    const page = manPage(definition, names, today());
    const known = await Deno.readTextFile(file).catch(() => "");
    // A page keeps its date while nothing else changes.
    if (withoutDate(known) === withoutDate(page)) continue;
    await Deno.writeTextFile(file, page);
  }
  return DONE;
});
