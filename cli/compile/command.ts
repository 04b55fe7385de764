/**
 * Running the programs that the build needs.
 *
 * @module
 */

/** A program that the build needs failed, or is missing. */
export class BuildError extends Error {}

/**
 * Runs a program to its end.
 *
 * @throws {BuildError} With what it printed, when it fails or is not there.
 */
export async function run(
  program: string,
  args: string[],
): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new BuildError(
      `${program} is not installed, and making executables needs it`,
    );
  }
  if (output.success) return;
  const text = new TextDecoder().decode(output.stdout) +
    new TextDecoder().decode(output.stderr);
  throw new BuildError(`${program} ${args[0]} failed:\n${text.trim()}`);
}
