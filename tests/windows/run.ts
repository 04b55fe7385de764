/**
 * Builds the executables for Windows, four Winsock peers, the teaching text's four
 * programs and what tests the launchers, and runs them all: on Windows, or on Linux
 * under Wine.
 *
 * @module
 */
import { join } from "node:path";
import { fetchRuntime } from "../../tasks/compile/npm_runtime.ts";
import { TARGETS } from "../../tasks/compile/target.ts";
import { windowsLauncher } from "../../tasks/compile/windows_launcher.ts";
import { makeProbes } from "../executables/probes.ts";
import { freePort } from "../setup/free_port.ts";
import { ROOT, runDeno } from "../setup/process.ts";
import type { WindowsSetting } from "./windows_process.ts";
import { NotPrepared, Wine } from "./wine.ts";

const COMPILER = Deno.build.os === "windows" ? "gcc" : "x86_64-w64-mingw32-gcc";

/** What is built for Windows from C: sources, and their names as programs. */
const SOURCES = {
  "console.c": "console",
  "environment.c": "environment-of",
  "winsock/tcp_server.c": "tcp_server",
  "winsock/tcp_client.c": "tcp_client",
  "winsock/udp_server.c": "udp_server",
  "winsock/udp_client.c": "udp_client",
  "winsock/teaching/tcp_server.c": "teaching_tcp_server",
  "winsock/teaching/tcp_client.c": "teaching_tcp_client",
  "winsock/teaching/udp_server.c": "teaching_udp_server",
  "winsock/teaching/udp_client.c": "teaching_udp_client",
};

/** Builds a program for Windows; the teaching text's have their port built in. */
function build(source: string, output: string, teachingPort: number): void {
  const path = join(ROOT, "tests/windows", source);
  const args = ["-Wall", "-Wextra", "-Werror", "-O2", "-o", output, path];
  if (source.includes("teaching/")) args.push(`-DPORT="${teachingPort}"`);
  if (Deno.readTextFileSync(path).includes("wmain")) args.push("-municode");
  let problem = "it is not installed";
  try {
    const { success, stderr } = new Deno.Command(COMPILER, {
      args: [...args, "-lws2_32"],
    }).outputSync();
    if (success) return;
    problem = new TextDecoder().decode(stderr);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new NotPrepared(
    `${COMPILER} does not build ${path}: install mingw-w64\n${problem}`,
  );
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
      "npm",
      "--out",
      dist,
    ]);
    if (code !== 0) return code;
    const place = join(dist, "windows");
    const teachingPort = freePort();
    for (const [source, name] of Object.entries(SOURCES)) {
      build(source, join(place, `${name}.exe`), teachingPort);
    }
    const runtime = await fetchRuntime(TARGETS.windows, folder);
    await makeProbes(
      place,
      await Deno.readFile(runtime),
      await Deno.readFile(join(place, "environment-of.exe")),
      async (name, program, runtime, path) => {
        const about = { name, purpose: "tests.", version: "1.2.3" };
        await windowsLauncher(about, program, runtime, `${path}.exe`);
      },
    );
    const files = [...Deno.readDirSync(place)].map(({ name }) =>
      join(place, name)
    );
    const setting: WindowsSetting = wine === undefined
      ? { folder: place, command: [], teachingPort }
      : {
        teachingPort,
        folder: "Z:" + wine.install(files).replaceAll("/", "\\"),
        command: wine.command(["wine"]),
        root: wine.root,
      };
    return await runDeno([
      "test",
      "--quiet",
      "--lock=deno.lock",
      "--frozen",
      "--allow-all",
      ...Deno.args.length > 0 ? Deno.args : ["tests/windows/"],
    ], { ECHOSOUNDER_WINDOWS: JSON.stringify(setting) });
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
