/**
 * A role's program as one file of JavaScript, dependencies included.
 *
 * @module
 */
import { ROLE_CONFIGURATION } from "../entry_module.ts";
import { runSubprocess } from "../subprocess.ts";
import { withOwnText } from "./own_text.ts";

/**
 * Bundles an entry module; the bundle carries its own text.
 *
 * @param entry The entry module's path.
 * @param output Where the bundle goes.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  await runSubprocess(Deno.execPath(), [
    "bundle",
    "--quiet",
    `--config=${ROLE_CONFIGURATION}`,
    "--minify",
    "-o",
    output,
    entry,
  ]);
  await Deno.writeTextFile(
    output,
    withOwnText(await Deno.readTextFile(output)),
  );
}
