/**
 * A role's program as one file of JavaScript, dependencies included.
 *
 * @module
 */
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
    "--frozen",
    "--minify",
    "-o",
    output,
    entry,
  ]);
}
