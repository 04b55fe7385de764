/**
 * The frame of every task but the four roles: it reads the command line, answers
 * `--help`, and turns failures into a line and an exit code.
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

/** A task cannot be done; the message says why. */
export class TaskError extends Error {
  /** @param exitCode The exit code of the task. */
  constructor(message: string, readonly exitCode: number = FAILED) {
    super(message);
  }
}

/** Runs a task, and exits with its exit code. */
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
      // The output of another program keeps its lines.
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
