/**
 * What every task but the four roles does at its edge: read the command line,
 * answer `--help`, turn failures into a line and an exit code.
 *
 * @module
 */
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import { helpText } from "../cli/command_line/help.ts";
import type {
  CommandDefinition,
  Option,
  OptionTable,
} from "../cli/command_line/options.ts";
import {
  type CommandLine,
  parseCommandLine,
} from "../cli/command_line/parse.ts";
import { oneLine } from "../text/printable.ts";
import { UsageError } from "../cli/command_line/values.ts";

/** A task cannot be done; the message tells its user why. */
export class TaskError extends Error {
  /** @param exitCode What it leads to. */
  constructor(message: string, readonly exitCode: number = FAILED) {
    super(message);
  }
}

/** Runs a task, and exits with the exit code that it comes to. */
export async function runTask<Table extends OptionTable>(
  definition: CommandDefinition<Table & { help: Option<boolean> }>,
  main: (commandLine: CommandLine<Table>) => Promise<number>,
): Promise<never> {
  const { role } = definition;
  try {
    const commandLine = parseCommandLine(definition, Deno.args);
    if (commandLine.problem !== undefined) throw commandLine.problem;
    if (commandLine.options.help) {
      console.log(helpText(definition));
      Deno.exit(DONE);
    }
    Deno.exit(await main(commandLine));
  } catch (error) {
    if (error instanceof TaskError) {
      // What another program said in several lines stays so.
      const lines = error.message.split("\n").map(oneLine);
      console.error(`${role}: ${lines.join("\n")}`);
      Deno.exit(error.exitCode);
    }
    if (error instanceof UsageError) {
      console.error(`${role}: ${oneLine(error.message)}`);
      console.error(`Try: deno task ${role} --help`);
      Deno.exit(USAGE);
    }
    throw error;
  }
}
