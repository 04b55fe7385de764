/**
 * Files made like the executables, for the tests of what their launchers do.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../../tasks/compile/bundle.ts";
import { type PackedFile, packFile } from "../../tasks/compile/packed_file.ts";

/** Makes a file for one system: of this name inside, at this path without suffix. */
export type MakeFile = (
  name: string,
  program: PackedFile,
  runtime: PackedFile,
  path: string,
) => Promise<void>;

/**
 * Makes `probe`, `probe-next` (its next version, with another runtime), `sandbox`
 * and `environment`, whose runtime prints the variables it was started with.
 *
 * @param folder Where they go.
 * @param runtime Deno for the system.
 * @param environment A program for the system that prints its variables.
 */
export async function makeProbes(
  folder: string,
  runtime: Uint8Array<ArrayBuffer>,
  environment: Uint8Array<ArrayBuffer>,
  make: MakeFile,
): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    const bundled = async (module: string) => {
      const entry = new URL(module, import.meta.url);
      await bundle(fileURLToPath(entry), join(work, "probe.js"));
      return await Deno.readFile(join(work, "probe.js"));
    };
    const deno = await packFile(runtime);
    const probe = await bundled("./probe.ts");
    await make("probe", await packFile(probe), deno, join(folder, "probe"));
    await make(
      "probe",
      await packFile(new Uint8Array([...probe, 0x0a])),
      await packFile(new Uint8Array(await new Blob([runtime, "\n"]).bytes())),
      join(folder, "probe-next"),
    );
    await make(
      "sandbox",
      await packFile(await bundled("../setup/sandbox_probe.ts")),
      deno,
      join(folder, "sandbox"),
    );
    await make(
      "environment",
      await packFile(probe),
      await packFile(environment),
      join(folder, "environment"),
    );
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
