/**
 * Builds the executables for Linux and points the programs' tests at them, in an
 * environment with a shell, the core utilities and gzip, and nothing else.
 *
 * @module
 */
import { join } from "node:path";
import { linuxLauncher } from "../../tasks/compile/linux_launcher.ts";
import { TARGETS } from "../../tasks/compile/target.ts";
import { runDeno } from "../setup/process.ts";
import { makeProbes } from "./probes.ts";

/** What the files for Linux need of a system, besides its kernel and C library. */
const UTILITIES = "sh cat chmod cksum gzip head mkdir mv rm sync tail uname wc"
  .split(" ");

/** The tests that start the programs. */
const TESTS = [
  "cli/one_shot_test.ts",
  "cli/client_programs_test.ts",
  "cli/server_programs_test.ts",
  "cli/measuring_programs_test.ts",
  "cli/metrics_test.ts",
  "tasks/demo_test.ts",
  "cli/faults_test.ts",
  "cli/interop_test.ts",
  "cli/sandbox_test.ts",
  "cli/workers_test.ts",
  "cli/command_line/usage_test.ts",
  "executables/launcher_test.ts",
  "executables/arm64_test.ts",
];

/** Links to the utilities in a folder that holds nothing else. */
async function linkUtilities(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (const name of UTILITIES) {
    const place = ["/bin", "/usr/bin"].map((bin) => join(bin, name)).find(
      (path) => {
        try {
          return Deno.statSync(path).isFile;
        } catch {
          return false;
        }
      },
    );
    if (place === undefined) {
      throw new Error(`${name} is not in /bin or /usr/bin`);
    }
    await Deno.symlink(place, join(folder, name));
  }
}

async function main(): Promise<number> {
  if (Deno.build.os !== "linux") {
    console.log(
      "The executables for Linux can be tried on Linux only: nothing was tested.",
    );
    return 1;
  }
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    const [dist, path, home] = ["dist", "bin", "home"].map((name) =>
      join(folder, name)
    );
    await linkUtilities(path);
    await Deno.mkdir(home);
    const compile = [
      "task",
      "--quiet",
      "compile",
      "--target",
      "linux",
      "--target",
      "linux-arm64",
      "--runtime",
      "npm",
    ];
    const code = await runDeno([...compile, "--out", dist]);
    if (code !== 0) return code;
    await makeProbes(
      join(dist, "linux"),
      await Deno.readFile(Deno.execPath()),
      new TextEncoder().encode("#!/bin/sh\nexport -p\n"),
      async (name, program, runtime, file) => {
        const launcher = linuxLauncher(
          name,
          TARGETS.linux,
          program,
          runtime,
        );
        await Deno.writeFile(file, launcher.stream(), { mode: 0o755 });
      },
    );
    const tests = (Deno.args.length > 0 ? Deno.args : TESTS).map((name) =>
      `tests/${name}`
    );
    return await runDeno(
      [
        "test",
        "--quiet",
        "--lock=deno.lock",
        "--frozen",
        "--allow-all",
        ...tests,
      ],
      {
        ECHOSOUNDER_EXECUTABLES: join(dist, "linux"),
        ECHOSOUNDER_PATH: path,
        ECHOSOUNDER_HOME: home,
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
