/**
 * How long until the first echo, from source and from an executable; and what an
 * idle server holds. Runs take turns, so that a busy machine is busy for all.
 *
 * @module
 */
import { join } from "node:path";
import { serveTcp } from "../../mod.ts";
import type { Role } from "../../cli/roles.ts";
import { median } from "./median.ts";
import {
  residentMemory,
  roleCommand,
  ROOT,
  TestProcess,
} from "../setup/process.ts";

const ROUNDS = 21;

/** Milliseconds from the start of `tcp-client` to its end, one echo in between. */
async function timeEcho(
  command: string[],
  port: number,
  home: string,
): Promise<number> {
  const started = performance.now();
  const process = new TestProcess([...command, `127.0.0.1:${port}`], {
    env: { HOME: home },
  });
  const { code, stderr } = await process.outcome();
  if (code !== 0) throw new Error(stderr);
  return performance.now() - started;
}

/** Megabytes that a server holds while nobody asks it. */
async function idleMemory(command: string[]): Promise<number> {
  await using server = new TestProcess([
    ...command,
    "--host",
    "127.0.0.1",
    "--port",
    "0",
  ]);
  await server.listening();
  return residentMemory(server.pid);
}

async function main(): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  const realHome = Deno.env.get("HOME") ?? folder;
  await using server = serveTcp({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  try {
    const compile = [
      "run",
      "-A",
      `${ROOT}tasks/compile.ts`,
      "--target",
      "linux",
      "--out",
      folder,
    ];
    const compiled = new Deno.Command(Deno.execPath(), {
      args: compile,
      cwd: ROOT,
      stdout: "null",
    });
    if (!(await compiled.output()).success) throw new Error("compile failed");
    const executable = (role: Role) => [join(folder, "linux", role)];

    const times: Record<string, number[]> = {
      source: [],
      first: [],
      later: [],
    };
    const home = join(folder, "home");
    await timeEcho(roleCommand("tcp-client"), port, realHome);
    for (let round = 0; round < ROUNDS; round++) {
      await Deno.remove(home, { recursive: true }).catch(() => {});
      await Deno.mkdir(home);
      times.first.push(await timeEcho(executable("tcp-client"), port, home));
      await timeEcho(executable("tcp-client"), port, home);
      times.source.push(
        await timeEcho(roleCommand("tcp-client"), port, realHome),
      );
      times.later.push(await timeEcho(executable("tcp-client"), port, home));
    }
    const source = median(times.source);
    const line = (name: string, value: number) =>
      console.log(
        `${name.padEnd(34)} ${value.toFixed(0).padStart(5)} ms  ${
          (value / source).toFixed(2)
        }`,
      );
    console.log(
      `tcp-client, start to end with one echo: median of ${ROUNDS}, ratio to source`,
    );
    line("from source", source);
    line("executable, first start", median(times.first));
    line("executable, later starts", median(times.later));

    console.log("\nan idle tcp-server: resident memory");
    const memory = (name: string, value: number) =>
      console.log(`${name.padEnd(34)} ${value.toFixed(0).padStart(5)} MB`);
    memory("from source", await idleMemory(roleCommand("tcp-server")));
    memory("executable", await idleMemory(executable("tcp-server")));

    console.log("\nfiles");
    for (const { name } of Deno.readDirSync(join(folder, "linux"))) {
      const { size } = Deno.statSync(join(folder, "linux", name));
      console.log(
        `linux/${name}`.padEnd(34),
        (size / 1e6).toFixed(1).padStart(5),
        "MB",
      );
    }
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
