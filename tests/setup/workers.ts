/**
 * The programs with several threads, which carry what these run.
 *
 * @module
 */
import { join } from "node:path";
import type { Role } from "../../cli/roles.ts";
import { bundle } from "../../tasks/compile/bundle.ts";
import { RUN_BUNDLE } from "../../tasks/compile/target.ts";
import { entryModule } from "../../tasks/entry_module.ts";
import { isFromSource, roleCommand, TestProcess } from "./process.ts";

/** The bundles, each made once, in a folder of this process. */
const bundles = new Map<Role, Promise<string>>();
let folder: Promise<string> | undefined;

async function bundleOf(role: Role): Promise<string> {
  const file = join(await (folder ??= Deno.makeTempDir()), `${role}.js`);
  await bundle(entryModule(role), file);
  return file;
}

/** Removes what {@linkcode startWithWorkers} made. */
export async function removeBundles(): Promise<void> {
  await Promise.allSettled(bundles.values());
  if (folder) await Deno.remove(await folder, { recursive: true });
}

/** The command line that starts a role that can have several threads, in the sandbox of every role. */
export async function commandWithWorkers(role: Role): Promise<string[]> {
  if (!isFromSource()) return roleCommand(role);
  const made = bundles.get(role) ?? bundleOf(role);
  bundles.set(role, made);
  return [Deno.execPath(), ...RUN_BUNDLE, await made];
}

/** Starts a role that can have several threads. */
export async function startWithWorkers(
  role: Role,
  args: string[],
): Promise<TestProcess> {
  return new TestProcess([...await commandWithWorkers(role), ...args]);
}
