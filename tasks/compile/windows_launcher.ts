/**
 * One self-extracting file for Windows: caxa's stub, which unpacks the program
 * and Deno once, into the user's temporary folder, and starts Deno.
 *
 * @module
 */
import caxa from "@appthreat/caxa";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { ENVIRONMENT_FILE } from "./own_text.ts";
import { RUN_BUNDLE } from "./target.ts";

/** Stubs come with the package, beside its code. */
const STUB = new URL(
  "../stubs/stub--win32--x64",
  import.meta.resolve("@appthreat/caxa"),
);

/**
 * Builds the file.
 *
 * @param name The role.
 * @param bundle The path of its program, which carries its own text.
 * @param runtime The path of Deno for Windows.
 * @param output Where the file goes; caxa leaves its description beside it.
 * @param folder A folder to work in.
 */
export async function windowsLauncher(
  name: string,
  bundle: string,
  runtime: string,
  output: string,
  folder: string,
): Promise<void> {
  const input = join(folder, `${name}-windows`);
  const inside = join(input, "echosounder");
  await Deno.mkdir(inside, { recursive: true });
  await Deno.copyFile(bundle, join(inside, `${name}.js`));
  // The stub cannot set variables.
  await Deno.writeTextFile(join(inside, "role.env"), ENVIRONMENT_FILE);
  await Deno.copyFile(runtime, join(inside, "deno.exe"));
  await caxa({
    input,
    output,
    // caxa cannot be kept from writing a description of the file.
    metadataFile: `${name}-windows.json`,
    command: [
      "{{caxa}}/echosounder/deno.exe",
      ...RUN_BUNDLE,
      "--env-file={{caxa}}/echosounder/role.env",
      `{{caxa}}/echosounder/${name}.js`,
    ],
    stub: fileURLToPath(STUB),
    includeNode: false,
    // By default it leaves out programs and files of variables, among others.
    exclude: [],
  });
}
