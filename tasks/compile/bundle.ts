/**
 * A role's program as one file of JavaScript, dependencies included.
 *
 * @module
 */
import { ROLE_CONFIGURATION } from "../entry_module.ts";
import { runSubprocess } from "../subprocess.ts";

/**
 * Bundles an entry module.
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
}
