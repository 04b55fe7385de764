/**
 * Executables by `deno compile`, on the base runtime `denort`.
 *
 * @module
 */
import { TaskError } from "../task.ts";
import { runSubprocess } from "../subprocess.ts";
import { ROLE_FLAGS } from "../entry_module.ts";
import type { Target } from "./target.ts";

/** The base runtime cannot be downloaded: another way may work. */
export class BaseUnavailable extends TaskError {}

/**
 * Builds an executable from a bundle.
 *
 * @param bundle The path of a program that carries its own text.
 * @param environment The path of a file of variables to embed, too.
 * @throws {BaseUnavailable} When the base runtime cannot be downloaded.
 * @throws {TaskError} When `deno compile` fails for another reason.
 */
export async function compileWithDenort(
  bundle: string,
  environment: string,
  target: Target,
  output: string,
): Promise<void> {
  try {
    await runSubprocess(Deno.execPath(), [
      "compile",
      "--quiet",
      // Nothing of the project but the bundle.
      "--no-config",
      "--no-lock",
      "--no-check",
      ...ROLE_FLAGS,
      `--env-file=${environment}`,
      "--target",
      target.triple,
      "--output",
      output,
      bundle,
    ]);
  } catch (error) {
    const address =
      /error sending request for url \((\S+?)\)/.exec(String(error))?.[1] ??
        /Download (\S+denort\S+)/.exec(String(error))?.[1];
    if (address === undefined) throw error;
    throw new BaseUnavailable(
      `the base runtime for ${target.triple} cannot be downloaded: ${address} was not reachable.\n` +
        "Name a local one in DENORT_BIN, or use --runtime npm, which needs the npm registry only.",
    );
  }
}
