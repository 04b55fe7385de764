/**
 * Deno's own binaries, from npm.
 *
 * @module
 */
import { join } from "node:path";
import { TaskError } from "../task.ts";
import { runSubprocess } from "../subprocess.ts";
import type { Target } from "./target.ts";

/**
 * Downloads Deno's binary for a system, of the version that runs this. npm checks
 * what it downloads against the registry's hash.
 *
 * @param target The system.
 * @param folder A folder to install into.
 * @returns The binary's path.
 */
export async function fetchRuntime(
  target: Target,
  folder: string,
): Promise<string> {
  const { runtimePackage, runtimeFile } = target;
  const place = join(folder, target.folder);
  await Deno.mkdir(place, { recursive: true });
  const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
  await runSubprocess(npm, [
    "install",
    "--prefix",
    place,
    "--no-save",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    // The binary may be for another system than this one.
    "--force",
    `${runtimePackage}@${Deno.version.deno}`,
  ]);
  const lock = JSON.parse(
    await Deno.readTextFile(join(place, "node_modules/.package-lock.json")),
  );
  const { version, integrity } =
    lock.packages[`node_modules/${runtimePackage}`] ?? {};
  if (version !== Deno.version.deno || typeof integrity !== "string") {
    throw new TaskError(
      `npm brought ${runtimePackage} ${version}, not ${Deno.version.deno}`,
    );
  }
  return join(place, "node_modules", runtimePackage, runtimeFile);
}
