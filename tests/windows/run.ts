/**
 * Builds the executables for Windows, four Winsock peers and the teaching text's
 * four programs, and runs them all: on Windows, or on Linux under Wine.
 *
 * @module
 */
import { join } from "node:path";
import { ROLES } from "../../cli/roles.ts";
import { freePort } from "../setup/free_port.ts";
import { ROOT, runDeno } from "../setup/process.ts";
import { NotPrepared, Wine } from "./wine.ts";

const PEERS = ["tcp_server", "tcp_client", "udp_server", "udp_client"];

/** Builds a program on Winsock, from its file in `winsock/`. */
function buildOnWinsock(
  source: string,
  output: string,
  ...definitions: string[]
): string {
  const compiler = Deno.build.os === "windows"
    ? "gcc"
    : "x86_64-w64-mingw32-gcc";
  const path = join(ROOT, "tests/windows/winsock", source);
  let built = false;
  try {
    const args = [
      "-Wall",
      "-Wextra",
      "-Werror",
      "-O2",
      ...definitions,
      "-o",
      output,
      path,
      "-lws2_32",
    ];
    built = new Deno.Command(compiler, { args }).outputSync().success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (!built) {
    throw new NotPrepared(
      `${compiler} does not build ${path}: install mingw-w64`,
    );
  }
  return output;
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  using wine = Deno.build.os === "windows" ? undefined : Wine.prepare();
  try {
    const dist = join(folder, "dist");
    const code = await runDeno([
      "task",
      "--quiet",
      "compile",
      "--target",
      "windows",
      "--runtime",
      Deno.build.os === "windows" ? "auto" : "npm",
      "--out",
      dist,
    ]);
    if (code !== 0) return code;
    const teachingPort = freePort();
    const files = [
      ...ROLES.map(({ role }) => join(dist, "windows", `${role}.exe`)),
      ...PEERS.map((name) =>
        buildOnWinsock(`${name}.c`, join(folder, `${name}.exe`))
      ),
      ...PEERS.map((name) =>
        buildOnWinsock(
          `teaching/${name}.c`,
          join(folder, `teaching_${name}.exe`),
          `-DPORT="${teachingPort}"`,
        )
      ),
    ];
    const place = wine?.install(files);
    const commands = Object.fromEntries(files.map((file) => {
      const name = file.split(/[\\/]/).at(-1)!;
      const command = wine === undefined
        ? [file]
        : wine.command(["wine", `${place}/${name}`]);
      return [name.replace(".exe", ""), command];
    }));
    return await runDeno([
      "test",
      "--quiet",
      "--lock=deno.lock",
      "--frozen",
      "--allow-all",
      "tests/windows/",
    ], {
      ECHOSOUNDER_WINDOWS: JSON.stringify({
        commands,
        teachingPort,
        endAll: wine?.command(["wineserver", "-k"]),
      }),
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

let code: number;
try {
  code = await main();
} catch (error) {
  if (!(error instanceof NotPrepared)) throw error;
  console.error(error.message);
  code = 1;
}
Deno.exit(code);
