/**
 * Generates the JSON Schema of the events from their types.
 *
 * @module
 */
import { DONE } from "../cli/exit_codes.ts";
import { type CommandDefinition, flag } from "../cli/command_line/options.ts";
import { UsageError } from "../cli/command_line/values.ts";
import { eventsSchema } from "./schema/events_schema.ts";
import { runTask } from "./task.ts";

const FILE = new URL("../events/events.schema.json", import.meta.url);

const SCHEMA = {
  role: "schema",
  purpose: "generates events/events.schema.json from the event types.",
  positionals: "",
  options: { "help": flag("Show this help.", "h") },
  examples: [["", "after a change to the types"]],
  exitCodes: [[DONE, "done"], [2, "the command line was wrong"]],
} satisfies CommandDefinition;

await runTask(SCHEMA, async ({ positionals }) => {
  if (positionals.length > 0) throw new UsageError("schema takes no arguments");
  await Deno.writeTextFile(FILE, eventsSchema());
  return DONE;
});
