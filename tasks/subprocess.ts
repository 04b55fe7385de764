/**
 * Running the programs that a task needs.
 *
 * @module
 */
import { TaskError } from "./task.ts";

/**
 * Runs a program to its end.
 *
 * @param env Variables that it gets besides its environment.
 * @throws {TaskError} With what it printed, where it fails or is not installed.
 */
export async function runSubprocess(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TaskError(
      `${program} is not installed, and this needs it`,
    );
  }
  if (output.success) return;
  const text = new TextDecoder().decode(output.stdout) +
    new TextDecoder().decode(output.stderr);
  throw new TaskError(`${program} ${args[0]} failed:\n${text.trim()}`);
}
