/**
 * One self-extracting file for Windows: a launcher in C with the program and Deno
 * as compressed resources (`windows_launcher.c`).
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { runSubprocess } from "../subprocess.ts";
import { TaskError } from "../task.ts";
import { ROLE_ENVIRONMENT } from "../entry_module.ts";
import { icon } from "./icon.ts";
import { contentKey, type PackedFile } from "./packed_file.ts";
import { RUN_BUNDLE } from "./target.ts";

const SOURCE = fileURLToPath(new URL("windows_launcher.c", import.meta.url));

/** Programs of the GNU compiler for Windows have this before their names. */
const PREFIX = Deno.build.os === "windows" ? "" : "x86_64-w64-mingw32-";

/** What to install where the compiler, or the library, is missing. */
const ADVICE = Deno.build.os === "windows"
  ? "mingw-w64 with zlib (MSYS2: pacman -S mingw-w64-ucrt-x86_64-gcc mingw-w64-ucrt-x86_64-zlib)"
  : "mingw-w64 and zlib for it (Debian: apt-get install mingw-w64 libz-mingw-w64-dev)";

/** What Windows shows of a file. */
export interface FileDescription {
  /** The role. */
  name: string;
  /** What it does. */
  purpose: string;
  /** The version, such as `1.2.3`. */
  version: string;
}

/**
 * Checks that launchers for Windows can be built here.
 *
 * @throws {TaskError} Saying what to install.
 */
export async function requireWindowsCompiler(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    const source = join(folder, "probe.c");
    await Deno.writeTextFile(
      source,
      "#include <windows.h>\n#include <zlib.h>\n",
    );
    await runSubprocess(`${PREFIX}gcc`, ["-fsyntax-only", source]);
    await runSubprocess(`${PREFIX}windres`, ["--version"]);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw new TaskError(
      `the files for Windows made from npm need a compiler: install ${ADVICE}. ` +
        `Those made by deno compile (--runtime denort) need none.\n${error.message}`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Builds the file.
 *
 * @param about What Windows shows of it.
 * @param program Its program.
 * @param runtime Deno for Windows.
 * @param output Where the file goes.
 */
export async function windowsLauncher(
  about: FileDescription,
  program: PackedFile,
  runtime: PackedFile,
  output: string,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    await Deno.writeFile(join(folder, "program.gz"), program.compressed);
    await Deno.writeFile(join(folder, "runtime.gz"), runtime.compressed);
    await Deno.writeFile(join(folder, "icon.ico"), icon());
    const header = contents(about.name, program, runtime);
    await Deno.writeTextFile(join(folder, "contents.h"), header);
    const script = join(folder, "resources.rc");
    await Deno.writeTextFile(script, resources(about));
    const object = join(folder, "resources.o");
    await runSubprocess(`${PREFIX}windres`, [
      `--include-dir=${folder}`,
      "--codepage=65001",
      script,
      object,
    ]);
    await runSubprocess(`${PREFIX}gcc`, [
      ...["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-municode"],
      ...["-static", "-s", "-Wl,--no-insert-timestamp", `-I${folder}`],
      ...["-o", output, SOURCE, object, "-lz", "-lbcrypt"],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is packed, for the launcher's source. */
function contents(
  name: string,
  program: PackedFile,
  runtime: PackedFile,
): string {
  const content = (
    resource: number,
    prefix: string,
    suffix: string,
    file: PackedFile,
  ) =>
    `{${resource}, ${wide(prefix + contentKey(file) + suffix)}, ${
      wide(`${prefix}*${suffix}`)
    }, ${file.size}, {${[...file.sha256].join()}}}`;
  const variables = Object.entries(ROLE_ENVIRONMENT).map(([name, value]) =>
    `{${wide(name)}, ${wide(value)}}`
  );
  return `#define ROLE ${wide(name)}
#define ARGUMENTS ${wide(RUN_BUNDLE.join(" "))}
static const wchar_t *const ENVIRONMENT[][2] = {${variables.join()}};
static const struct content PROGRAM = ${content(1, `${name}-`, ".js", program)};
static const struct content RUNTIME = ${content(2, "deno-", ".exe", runtime)};
`;
}

/** What the linker puts into the file besides code. */
function resources({ name, purpose, version }: FileDescription): string {
  const numbers = [...version.matchAll(/\d+/g)].map(String).concat(
    "0",
    "0",
    "0",
  )
    .slice(0, 4).join();
  const values = {
    CompanyName: "echosounder",
    FileDescription: `${name} ${purpose.replace(/\.$/, "")}`,
    FileVersion: version,
    InternalName: name,
    LegalCopyright: "MIT license",
    OriginalFilename: `${name}.exe`,
    ProductName: "echosounder",
    ProductVersion: version,
  };
  const lines = Object.entries(values).map(([key, value]) =>
    `      VALUE ${quoted(key)}, ${quoted(value)}\n`
  );
  return `1 ICON "icon.ico"
1 RCDATA "program.gz"
2 RCDATA "runtime.gz"
1 VERSIONINFO
FILEVERSION ${numbers}
PRODUCTVERSION ${numbers}
FILEOS 0x40004
FILETYPE 1
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "040904B0"
    BEGIN
${lines.join("")}    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x409, 0x4B0
  END
END
`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function wide(text: string): string {
  return `L${quoted(text)}`;
}
