import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "node:path";
import { type Role, ROLES } from "../../cli/roles.ts";
import { RUN_BUNDLE } from "../../tasks/compile/target.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { ROOT, TestProcess } from "../setup/process.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const CONTAINERFILE = `${ROOT}deploy/Containerfile`;

/** What starts a program in an image. */
function command(role: Role): string[] {
  const program = `/usr/local/lib/echosounder/${role}.mjs`;
  return ["/usr/local/bin/deno", ...RUN_BUNDLE, program];
}

/** What a server's health check runs. */
function healthCheck(server: Role): string[] {
  const client = server.replace("server", "client") as Role;
  return [...command(client), "--timeout", "2s", "127.0.0.1"];
}

/** The instructions of each stage, with their arguments. */
async function readStages(): Promise<Map<string, [string, string][]>> {
  const text = (await Deno.readTextFile(CONTAINERFILE))
    .replace(/^#.*\n/gm, "").replace(/\\\n\s*/g, "");
  const stages = new Map<string, [string, string][]>();
  let stage: [string, string][] = [];
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, instruction, rest] = /^(\w+) (.*)$/.exec(line)!;
    if (instruction === "FROM") stages.set(rest.split(" AS ")[1], stage = []);
    else stage.push([instruction, rest]);
  }
  return stages;
}

Deno.test("the Containerfile starts each program with its flags, and checks servers by their clients", async () => {
  const stages = await readStages();
  assertEquals(
    [...stages.keys()].toSorted(),
    ["programs", ...ROLES.map(({ role }) => role)].toSorted(),
  );
  for (const { role } of ROLES) {
    const stage = new Map(stages.get(role));
    assertEquals(JSON.parse(stage.get("ENTRYPOINT")!), command(role));
    const check = stage.get("HEALTHCHECK");
    assertEquals(check !== undefined, role.endsWith("server"), role);
    if (check !== undefined) {
      const [, words] = check.split(" CMD ");
      assertEquals(JSON.parse(words), healthCheck(role));
    }
  }
  const shared = new Map(stages.get("programs"));
  for (const [name, value] of Object.entries(ROLE_ENVIRONMENT)) {
    assert(shared.get("ENV")!.includes(`${name}=${value}`));
  }
});

Deno.test("the Containerfile runs nothing as root, and needs no shell", async () => {
  for (const [name, stage] of await readStages()) {
    const instructions = stage.map(([instruction]) => instruction);
    assert(!instructions.includes("RUN"), name);
    for (const [instruction, rest] of stage) {
      if (instruction === "USER") assertEquals(rest, "65532:65532");
      if (instruction === "ENTRYPOINT") assert(rest.startsWith("["), rest);
    }
    assertEquals(instructions.includes("USER"), name === "programs");
  }
});

/** Images and containers in a folder of their own, made without a daemon. */
class Buildah implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Buildah> {
    return new Buildah(await Deno.makeTempDir());
  }

  command(...args: string[]): string[] {
    return [
      "buildah",
      "--storage-driver=vfs",
      `--root=${this.folder}/root`,
      `--runroot=${this.folder}/run`,
      ...args,
    ];
  }

  async run(...args: string[]): Promise<string> {
    await using process = new TestProcess(this.command(...args));
    const { code, stdout, stderr } = await process.outcome();
    assertEquals(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  async build(tag: string, file: string, context: string, ...args: string[]) {
    const flags = ["--isolation=chroot", "--format=docker", "--layers=false"];
    const names = ["--tag", tag, "--file", file];
    await this.run("bud", "--quiet", ...flags, ...names, ...args, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("rm", "--all");
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Makes a base image of what Deno needs of a system: its shared libraries. */
async function buildBase(buildah: Buildah): Promise<void> {
  const context = join(buildah.folder, "base");
  const { stdout } = await new Deno.Command("ldd", { args: [Deno.execPath()] })
    .output();
  for (const [path] of new TextDecoder().decode(stdout).matchAll(/\/\S+/g)) {
    const place = join(context, path);
    await Deno.mkdir(dirname(place), { recursive: true });
    await Deno.copyFile(path, place);
  }
  await Deno.writeTextFile(
    join(context, "Containerfile"),
    "FROM scratch\nCOPY lib /lib\nCOPY lib64 /lib64\n",
  );
  await buildah.build("base", join(context, "Containerfile"), context);
}

/** Makes the folder that the Containerfile takes. */
async function installPackage(context: string): Promise<void> {
  const modules = join(context, "node_modules");
  const deno = join(modules, `@deno/linux-${Deno.build.arch}-glibc`);
  await Deno.mkdir(deno, { recursive: true });
  await Deno.copyFile(Deno.execPath(), join(deno, "deno"));
  await using pack = new TestProcess([
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-all",
    `${ROOT}tasks/pack.ts`,
    "--out",
    join(modules, "echosounder"),
  ]);
  const { code, stderr } = await pack.outcome();
  assertEquals(code, 0, stderr);
}

/** The user of a socket that listens on a port of this machine. */
function ownerOf(port: number, transport: "tcp" | "udp"): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const line = Deno.readTextFileSync(`/proc/net/${transport}`).split("\n")
    .find((line) => line.includes(` ${local} 00000000:0000 `));
  return Number(line!.trim().split(/\s+/)[7]);
}

testWhere(
  Deno.build.os === "linux" && Deno.uid() === 0 && isInstalled("buildah"),
  "buildah is not installed, or not used by root",
  "an image of each server starts it, not as root, and its health check is answered",
  async () => {
    await using buildah = await Buildah.create();
    await buildBase(buildah);
    const context = join(buildah.folder, "context");
    await installPackage(context);
    for (const transport of ["tcp", "udp"] as const) {
      const server = `${transport}-server` as const;
      await buildah.build(
        server,
        CONTAINERFILE,
        context,
        "--build-arg=BASE=localhost/base",
        `--target=${server}`,
      );
      const container = await buildah.run("from", `localhost/${server}`);
      const { config } = JSON.parse(
        await buildah.run("inspect", container),
      ).Docker;
      assertEquals(config.Entrypoint, command(server));
      const run = (args: string[]) =>
        new TestProcess(
          buildah.command("run", "--isolation=chroot", container, ...args),
        );
      await using serving = run([
        ...["--", ...config.Entrypoint],
        ...["--host", "127.0.0.1", "--port", "0", "--once"],
      ]);
      const port = await serving.listening();
      assertEquals(ownerOf(port, transport), 65532);
      const [kind, ...check] = config.Healthcheck.Test;
      assertEquals([kind, check], ["CMD", healthCheck(server)]);
      await using checking = run(["--", ...check, "--port", String(port)]);
      const { code, stderr } = await checking.outcome();
      assertEquals(code, 0, stderr);
      assertEquals((await serving.outcome()).code, 0);
    }
  },
);
