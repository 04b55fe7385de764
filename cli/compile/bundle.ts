/**
 * A role's program as one file of JavaScript, dependencies included.
 *
 * @module
 */
import { fromFileUrl } from "@std/path/from-file-url";
import type { Role } from "../roles.ts";
import { run } from "./command.ts";

/** The entry module of a role. */
export function entryModule(role: Role): string {
  return fromFileUrl(
    new URL(`../${role.replace("-", "_")}.ts`, import.meta.url),
  );
}

/**
 * Bundles an entry module.
 *
 * @param entry The entry module's path.
 * @param output Where the bundle goes.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  await run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--frozen",
    "--minify",
    "-o",
    output,
    entry,
  ]);
}
