import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  executablesFolder,
  isFromSource,
  roleCommand,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";
import { type Launched, testLaunchers } from "./behaviours.ts";

/** A file for Linux, which becomes its program. */
class LinuxProcess extends TestProcess implements Launched {
  interrupt(): Promise<void> {
    this.signal("SIGINT");
    return Promise.resolve();
  }

  end(): Promise<void> {
    this.signal("SIGKILL");
    return Promise.resolve();
  }
}

const MISSING = "deno task test:exe runs it";

testLaunchers({
  name: "Linux",
  given: !isFromSource(),
  missing: MISSING,
  makeHome: () => Deno.makeTempDirSync(),
  path: (file) => join(executablesFolder(), file),
  start: (file, args, home, stdin) =>
    new LinuxProcess([join(executablesFolder(), file), ...args], {
      env: { XDG_CACHE_HOME: home },
      stdin,
    }),
  startAt: (path, args, home) =>
    new LinuxProcess([path, ...args], { env: { XDG_CACHE_HOME: home } }),
});

/** A test of the files for Linux; they are made by the task that runs it. */
function executableTest(name: string, fn: () => Promise<void>): void {
  testWhere(!isFromSource(), MISSING, name, fn);
}

/** Runs `--version` with a home of its own. */
async function firstStart(home: string) {
  const command = [...roleCommand("tcp-server"), "--version"];
  return await new TestProcess(command, { env: { HOME: home } }).outcome();
}

executableTest("an executable names how it was made", async () => {
  const home = await Deno.makeTempDir();
  try {
    const { stdout } = await firstStart(home);
    assert(stdout.endsWith(", npm)\n"), stdout);
    assert(Deno.statSync(join(home, ".cache/echosounder")).isDirectory);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

executableTest("an executable without a home says what to do", async () => {
  const { code, stderr } = await firstStart("");
  assertEquals(code, 126);
  assertEquals(
    stderr,
    "tcp-server: no home directory to unpack into: " +
      "set XDG_CACHE_HOME to a folder that can be written\n",
  );
});

executableTest(
  "an executable on a full disk says so, and leaves nothing behind",
  async () => {
    const home = await Deno.makeTempDir();
    const folder = join(home, ".cache/echosounder");
    Deno.mkdirSync(folder, { recursive: true });
    const mount = new Deno.Command("mount", {
      args: ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder],
      stderr: "null",
    }).outputSync();
    try {
      if (!mount.success) {
        console.log("  (not tried: a small disk can be mounted by root only)");
        return;
      }
      const { code, stderr } = await firstStart(home);
      assertEquals(code, 126);
      assert(stderr.includes("the disk is full"), stderr);
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(left.filter((name) => !name.startsWith("tcp-server-")), []);
    } finally {
      if (mount.success) {
        new Deno.Command("umount", { args: [folder] }).outputSync();
      }
      await Deno.remove(home, { recursive: true });
    }
  },
);

executableTest(
  "the process that was started is the role itself, and leaves nothing behind",
  async () => {
    await using server = startRole("tcp-server", [
      "--host",
      "127.0.0.1",
      "--port",
      "0",
    ]);
    await server.listening();
    const children = Deno.readTextFileSync(
      `/proc/${server.pid}/task/${server.pid}/children`,
    );
    assertEquals(children, "");
    server.signal("SIGTERM");
    const { code, stdout } = await server.outcome();
    assertEquals(code, 0);
    assert(stdout.includes("Stopped after"), stdout);
  },
);
