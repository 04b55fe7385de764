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

/** What an executable is built from. */
export interface Parts {
  /** The path of a program that carries its own text. */
  bundle: string;
  /** The path of a file of variables to embed, too. */
  environment: string;
  /** The path of the base runtime; else Deno looks for it, or downloads it. */
  base?: string;
  /** The path of an icon; Windows only. */
  icon?: string;
}

/**
 * Builds an executable from a bundle.
 *
 * @throws {BaseUnavailable} When the base runtime cannot be downloaded.
 * @throws {TaskError} When `deno compile` fails for another reason.
 */
export async function compileWithDenort(
  { bundle, environment, base, icon }: Parts,
  target: Target,
  output: string,
): Promise<void> {
  try {
    await runSubprocess(
      Deno.execPath(),
      [
        "compile",
        "--quiet",
        // Nothing of the project but the bundle.
        "--no-config",
        "--no-lock",
        "--no-check",
        ...ROLE_FLAGS,
        `--env-file=${environment}`,
        ...icon === undefined ? [] : [`--icon=${icon}`],
        "--target",
        target.triple,
        "--output",
        output,
        bundle,
      ],
      base === undefined ? {} : { DENORT_BIN: base },
    );
  } catch (error) {
    const address =
      /error sending request for url \((\S+?)\)/.exec(String(error))?.[1] ??
        /Download (\S+denort\S+)/.exec(String(error))?.[1];
    if (address === undefined) throw error;
    throw new BaseUnavailable(
      `the base runtime for ${target.triple} cannot be downloaded: ${address} was not reachable.\n` +
        "Bring it by hand (--denort FOLDER), or use --runtime npm, which needs the npm registry only.",
    );
  }
}
