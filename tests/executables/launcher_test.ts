import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { bundle } from "../../tasks/compile/bundle.ts";
import { linuxLauncher } from "../../tasks/compile/linux_launcher.ts";
import { TARGETS } from "../../tasks/compile/target.ts";
import {
  executablesFolder,
  isFromSource,
  roleCommand,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

/** A test of the files for Linux; they are made by the task that runs it. */
function executableTest(name: string, fn: () => Promise<void>): void {
  testWhere(!isFromSource(), "deno task test:exe runs it", name, fn);
}

/** Runs `--version` with a home of its own; what it said and what it unpacked. */
async function firstStart(home: string, env: Record<string, string> = {}) {
  const process = new TestProcess([...roleCommand("tcp-server"), "--version"], {
    env: { HOME: home, ...env },
  });
  return await process.outcome();
}

function unpacked(home: string): string[] {
  const folder = join(home, ".cache/echosounder");
  return [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map((
    { name },
  ) => name)
    .sort();
}

async function withHome(fn: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await fn(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

executableTest(
  "an executable names how it was made",
  () =>
    withHome(async (home) => {
      const { stdout } = await firstStart(home);
      assert(stdout.endsWith(", npm)\n"), stdout);
    }),
);

executableTest(
  "four first starts at once unpack once and do not trip over each other",
  () =>
    withHome(async (home) => {
      const outcomes = await Promise.all(
        [1, 2, 3, 4].map(() => firstStart(home)),
      );
      for (const { code, stderr } of outcomes) {
        assertEquals([code, stderr], [0, ""]);
      }
      assertEquals(unpacked(home).length, 2);
    }),
);

executableTest(
  "all four roles share one unpacked Deno",
  () =>
    withHome(async (home) => {
      for (
        const role of [
          "tcp-server",
          "tcp-client",
          "udp-server",
          "udp-client",
        ] as const
      ) {
        const process = new TestProcess([...roleCommand(role), "--version"], {
          env: { HOME: home },
        });
        assertEquals((await process.outcome()).code, 0);
      }
      assertEquals(
        unpacked(home).filter((name) => name.startsWith("deno-")).length,
        1,
      );
    }),
);

for (const part of ["deno-", "tcp-server-"]) {
  for (
    const [damage, doDamage] of [
      ["cut off", (path: string) => Deno.truncateSync(path, 1000)],
      ["never written", (path: string) => {
        const { size } = Deno.statSync(path);
        Deno.truncateSync(path, 0);
        Deno.truncateSync(path, size);
      }],
      ["gone", (path: string) => Deno.removeSync(path)],
    ] as const
  ) {
    executableTest(
      `an unpacked ${part}… that is ${damage} is unpacked anew`,
      () =>
        withHome(async (home) => {
          await firstStart(home);
          const name = unpacked(home).find((each) => each.startsWith(part))!;
          const path = join(home, ".cache/echosounder", name);
          const before = Deno.statSync(path).size;
          doDamage(path);
          const { code, stdout } = await firstStart(home);
          assertEquals(code, 0);
          assert(stdout.startsWith("tcp-server "), stdout);
          assertEquals(Deno.statSync(path).size, before);
        }),
    );
  }
}

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
  "an executable whose cache folder cannot be made says what to do",
  () =>
    withHome(async (home) => {
      // A file in the folder's place stops root, too, which a read-only folder does not.
      Deno.writeTextFileSync(join(home, ".cache"), "");
      const { code, stderr } = await firstStart(home);
      assertEquals(code, 126);
      assert(stderr.includes("cannot make the folder"), stderr);
      assert(stderr.includes("XDG_CACHE_HOME"), stderr);
    }),
);

executableTest(
  "an executable on a full disk says so, and leaves nothing behind",
  () =>
    withHome(async (home) => {
      const folder = join(home, ".cache/echosounder");
      Deno.mkdirSync(folder, { recursive: true });
      const mount = new Deno.Command("mount", {
        args: ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder],
        stderr: "null",
      }).outputSync();
      if (!mount.success) {
        console.log("  (not tried: a small disk can be mounted by root only)");
        return;
      }
      try {
        const { code, stderr } = await firstStart(home);
        assertEquals(code, 126);
        assert(stderr.includes("the disk is full"), stderr);
        assertEquals(
          unpacked(home).filter((name) => !name.startsWith("tcp-server-")),
          [],
        );
      } finally {
        new Deno.Command("umount", { args: [folder] }).outputSync();
      }
    }),
);

executableTest(
  "an executable that was damaged on its way says so",
  () =>
    withHome(async (home) => {
      const cut = join(home, "tcp-server");
      const whole = Deno.readFileSync(join(executablesFolder(), "tcp-server"));
      Deno.writeFileSync(cut, whole.subarray(0, whole.length - 1_000_000), {
        mode: 0o755,
      });
      const process = new TestProcess([cut, "--version"], {
        env: { HOME: home },
      });
      const { code, stderr } = await process.outcome();
      assertEquals(code, 126);
      assert(stderr.includes("damaged"), stderr);
    }),
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

executableTest(
  "an executable has Deno serve many flows evenly, whatever environment it was started in",
  async () => {
    await using server = startRole("tcp-server", [
      "--host",
      "127.0.0.1",
      "--port",
      "0",
    ]);
    await server.listening();
    const variables = Deno.readTextFileSync(`/proc/${server.pid}/environ`)
      .split("\0");
    for (const [name, value] of Object.entries(ROLE_ENVIRONMENT)) {
      assert(variables.includes(`${name}=${value}`), variables.join("\n"));
    }
  },
);

executableTest(
  "a program made the same way can use the network and nothing else",
  () =>
    withHome(async (home) => {
      const script = join(home, "probe.js");
      await bundle(
        fileURLToPath(new URL("../setup/sandbox_probe.ts", import.meta.url)),
        script,
      );
      const launcher = await linuxLauncher(
        "probe",
        TARGETS.linux,
        Deno.readFileSync(script),
        Deno.readFileSync(Deno.execPath()),
      );
      const file = join(home, "probe");
      await Deno.writeFile(file, launcher.stream(), { mode: 0o755 });
      const process = new TestProcess([file], { env: { HOME: home } });
      const { code, stdout, stderr } = await process.outcome();
      assertEquals([code, stderr], [0, ""]);
      const { "use the network": network, ...others } = JSON.parse(stdout);
      assertEquals(network, "done");
      assertEquals(new Set(Object.values(others)), new Set(["NotCapable"]));
    }),
);
