/**
 * The programs as `deno task` starts them.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { isFromSource, ROOT, TestProcess } from "../setup/process.ts";
import { testWhere } from "../setup/where.ts";

function startTask(args: string[]): TestProcess {
  return new TestProcess([Deno.execPath(), "task", ...args], {
    // The task has its own.
    env: { DENO_TOKIO_MAX_IO_EVENTS_PER_TICK: "7" },
  });
}

/** A process's child; 0 where it has none. */
function childOf(pid: number): number {
  return Number(
    Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`),
  );
}

testWhere(
  isFromSource(),
  "it runs Deno itself",
  "deno task shows a short line, and passes on arguments and the exit code",
  async () => {
    await using process = startTask(["tcp-client", "two words", "--nonsense"]);
    const { code, stdout, stderr } = await process.outcome();
    assertEquals([code, stdout], [2, ""]);
    const [shown, ...lines] = stderr.split("\n");
    assert(shown.startsWith("Task tcp-client deno task "), shown);
    assert(shown.length <= 100, shown);
    assertEquals(lines, [
      "tcp-client: unknown option --nonsense",
      "Try: deno task tcp-client --help",
      "",
    ]);
  },
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  testWhere(
    isFromSource() && Deno.build.os !== "windows",
    "it sends signals to Deno itself",
    `deno task passes ${signal} on to its program, and ends with it`,
    async () => {
      await using server = startTask([
        "tcp-server",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
      ]);
      await server.listening();
      server.signal(signal);
      const { code, stdout } = await server.outcome();
      assertEquals(code, 0);
      assert(/^Stopped after /m.test(stdout), stdout);
    },
  );
}

testWhere(
  isFromSource() && Deno.build.os === "linux",
  "it looks into /proc",
  "deno task gives its program a role's environment, the network alone, and the folder it was started in",
  async () => {
    await using server = startTask(
      ["udp-server", "--host", "127.0.0.1", "--port", "0"],
    );
    await server.listening();
    let pid = server.pid;
    try {
      for (let child = pid; child > 0; child = childOf(pid)) pid = child;
      const read = (file: string) =>
        Deno.readTextFileSync(`/proc/${pid}/${file}`).split("\0");
      assert(read("environ").includes("DENO_TOKIO_MAX_IO_EVENTS_PER_TICK=64"));
      assertEquals(
        read("cmdline").filter((word) => word.startsWith("--allow")),
        ["--allow-net"],
      );
      assertEquals(`${Deno.realPathSync(`/proc/${pid}/cwd`)}/`, ROOT);
    } finally {
      server.signal("SIGINT");
      await server.outcome();
    }
  },
);
