/**
 * What a self-extracting file does besides running its program: one table, for
 * every system that there are such files for.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { ROLES } from "../../cli/roles.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import type { Outcome, TestProcess } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { testWhere } from "../setup/where.ts";

/** A file that runs. */
export interface Launched extends TestProcess {
  /** Presses Ctrl+C where it runs. */
  interrupt(): Promise<void>;
  /** Ends, by force, the process that was started, and no other. */
  end(): Promise<void>;
}

/** A system with such files on it. */
export interface LauncherSystem {
  /** Its name. */
  name: string;
  /** Whether its files are here. */
  given: boolean;
  /** How to have them. */
  missing: string;
  /** Makes a folder that files can unpack into; its path for this test. */
  makeHome: () => string;
  /** Starts a file that unpacks into a folder. */
  start: (
    file: string,
    args: string[],
    home: string,
    stdin?: ReadableStream<Uint8Array>,
  ) => Launched;
  /** The path of a file, for this test. */
  path: (file: string) => string;
  /** Starts the file at a path. */
  startAt: (path: string, args: string[], home: string) => Launched;
}

const LOCAL = ["--host", "127.0.0.1", "--port", "0"];

/** Arguments that a shell, a launcher or a conversion could change. */
const ARGUMENTS = [
  "",
  "two words",
  " ",
  'a "quoted" word',
  '"',
  "\\",
  "C:\\folder\\",
  'folder with space\\"',
  "\\\\\\",
  "it's",
  "%PATH%",
  "$HOME",
  "*",
  "^&|<>",
  "--",
  "--help",
  "größer",
  "回声",
  "𝒳 😀",
  "",
];

/** The unpacked files in a home. */
function unpacked(home: string, prefix = ""): string[] {
  const folder = join(home, "echosounder");
  return [...Deno.readDirSync(folder)].filter(({ name, isFile }) =>
    isFile && name.startsWith(prefix) && !name.endsWith(".checked")
  ).map(({ name }) => join(folder, name)).sort();
}

/** What may happen to an unpacked file. */
const DAMAGES: Record<string, (path: string) => void> = {
  "was deleted": (path) => Deno.removeSync(path),
  "was cut off": (path) => Deno.truncateSync(path, 1000),
  "was never written": (path) => {
    const { size } = Deno.statSync(path);
    Deno.truncateSync(path, 0);
    Deno.truncateSync(path, size);
  },
  "was changed in its middle": (path) => {
    using file = Deno.openSync(path, { read: true, write: true });
    const middle = Math.floor(file.statSync().size / 2);
    const bytes = new Uint8Array(100);
    file.seekSync(middle, Deno.SeekMode.Start);
    file.readSync(bytes);
    file.seekSync(middle, Deno.SeekMode.Start);
    file.writeSync(bytes.map((byte) => byte ^ 1));
  },
};

/** Waits for a file's end, which comes soon. */
async function ended(process: Launched): Promise<Outcome> {
  let hasEnded = false;
  process.outcome().then(() => hasEnded = true);
  await until(() => hasEnded, "its end", 60_000);
  return await process.outcome();
}

/** Registers the table's tests for a system. */
export function testLaunchers(system: LauncherSystem): void {
  const { given, missing } = system;

  function row(
    name: string,
    fn: (home: string) => Promise<void>,
  ): void {
    testWhere(given, missing, `${system.name}: ${name}`, async () => {
      const home = system.makeHome();
      try {
        await fn(home);
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    });
  }

  async function run(
    home: string,
    file: string,
    args: string[],
    stdin?: ReadableStream<Uint8Array>,
  ): Promise<Outcome> {
    await using process = system.start(file, args, home, stdin);
    return await ended(process);
  }

  row("arguments reach the program as they were given", async (home) => {
    const args = ["arguments", ...ARGUMENTS];
    const { code, stdout, stderr } = await run(home, "probe", args);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(JSON.parse(stdout), ARGUMENTS);
  });

  row("the program's exit code is that of the file", async (home) => {
    for (const expected of [0, 1, 42, 130, 255]) {
      const args = ["exit", String(expected)];
      assertEquals((await run(home, "probe", args)).code, expected);
    }
  });

  row("standard streams carry every byte", async (home) => {
    const input = "line\r\nline\nnull\0 end\x1a and on\r\r\n" +
      "ü".repeat(1_000_000);
    const { code, stdout, stderr } = await run(
      home,
      "probe",
      ["copy"],
      new Blob([input]).stream(),
    );
    assertEquals([code, stderr], [0, "to the end\n"]);
    assert(stdout === input, `${stdout.length} characters came back`);
  });

  row(
    "a closed standard output ends the program, and the file with it",
    async (home) => {
      await using server = system.start("tcp-server", LOCAL, home);
      const port = await server.listening();
      await using client = system.start("tcp-client", [
        `127.0.0.1:${port}`,
        ...["--interval", "10ms"],
      ], home);
      await client.shows("\n");
      client.stopReading();
      assertEquals((await ended(client)).code, 0);
    },
  );

  row(
    "Deno is started with the variables that serve many flows evenly",
    async (home) => {
      const { code, stdout } = await run(home, "environment", []);
      assertEquals(code, 0);
      for (const [name, value] of Object.entries(ROLE_ENVIRONMENT)) {
        assert(new RegExp(`${name}=["']?${value}\\b`).test(stdout), stdout);
      }
    },
  );

  row("a program can use the network and nothing else", async (home) => {
    const { code, stdout, stderr } = await run(home, "sandbox", []);
    assertEquals([code, stderr], [0, ""]);
    const { "use the network": network, ...others } = JSON.parse(stdout);
    assertEquals(network, "done");
    assertEquals(new Set(Object.values(others)), new Set(["NotCapable"]));
  });

  row(
    "Ctrl+C stops a server, which prints its summary and exits with 0",
    async (home) => {
      await using server = system.start("tcp-server", LOCAL, home);
      await server.listening();
      await server.interrupt();
      const { code, stdout } = await ended(server);
      assert(stdout.includes("Stopped after"), stdout);
      assertEquals(code, 0);
    },
  );

  row("a second Ctrl+C ends a server at once, with 130", async (home) => {
    await using server = system.start("tcp-server", [
      ...LOCAL,
      ...["--grace", "1h"],
    ], home);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new Uint8Array(1));
    await conn.read(new Uint8Array(1));
    await server.interrupt();
    await until(() => server.stderr.includes("stopping"), "the first");
    // One soon after the first counts as the same.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await server.interrupt();
    assertEquals((await ended(server)).code, 130);
  });

  row(
    "Ctrl+C stops a measuring client, which prints its result",
    async (home) => {
      await using peer = new TcpPeer((conn) =>
        conn.readable.pipeTo(conn.writable).catch(() => {})
      );
      await using client = system.start("tcp-client", [
        `127.0.0.1:${peer.port}`,
        ...["--interval", "20ms"],
      ], home);
      await client.shows("\n");
      await client.interrupt();
      const { code, stdout } = await ended(client);
      assert(stdout.includes("\npassed: "), stdout);
      assertEquals(code, 0);
    },
  );

  row("ending the file alone ends Deno, and frees the port", async (home) => {
    await using server = system.start("tcp-server", LOCAL, home);
    const port = await server.listening();
    await server.end();
    await until(() => {
      try {
        Deno.listen({ hostname: "127.0.0.1", port }).close();
        return true;
      } catch {
        return false;
      }
    }, `port ${port} free`);
  });

  for (const part of ["deno-", "tcp-server-"]) {
    for (const [damage, harm] of Object.entries(DAMAGES)) {
      row(`an unpacked ${part}… that ${damage} is mended`, async (home) => {
        assertEquals((await run(home, "tcp-server", ["--version"])).code, 0);
        const [path] = unpacked(home, part);
        const whole = Deno.readFileSync(path);
        harm(path);
        const { code, stdout, stderr } = await run(home, "tcp-server", [
          "--version",
        ]);
        assertEquals([code, stderr], [0, ""]);
        assert(stdout.startsWith("tcp-server "), stdout);
        assertEquals(Deno.readFileSync(path).length, whole.length);
        assert(
          Deno.readFileSync(path).every((byte, i) => byte === whole[i]),
          "it is as it was",
        );
      });
    }
  }

  row("an unpacked file that was only touched is kept", async (home) => {
    await run(home, "tcp-server", ["--version"]);
    const before = unpacked(home).map((path) => {
      Deno.utimeSync(path, new Date(), new Date());
      return Deno.statSync(path).ino;
    });
    assertEquals((await run(home, "tcp-server", ["--version"])).code, 0);
    const after = unpacked(home).map((path) => Deno.statSync(path).ino);
    assertEquals(after, before);
  });

  row(
    "a file that cannot unpack exits with 126, and one line says what to do",
    async (home) => {
      // A file in the folder's place stops root, too, which a read-only folder does not.
      Deno.writeTextFileSync(join(home, "echosounder"), "");
      const { code, stdout, stderr } = await run(home, "tcp-server", [
        "--version",
      ]);
      assertEquals([code, stdout], [126, ""]);
      assert(
        /^tcp-server: cannot .*echosounder.*[:;] set \S+.* to a folder .*\n$/
          .test(stderr),
        stderr,
      );
    },
  );

  row(
    "a file that was damaged on its way exits with 126, and says so",
    async (home) => {
      const data = Deno.readFileSync(system.path("tcp-server"));
      // Within compressed Deno.
      data[Math.floor(data.length / 2)] ^= 0xff;
      const damaged = join(home, "damaged.exe");
      Deno.writeFileSync(damaged, data, { mode: 0o755 });
      await using process = system.startAt(damaged, ["--version"], home);
      const { code, stderr } = await ended(process);
      assertEquals(code, 126);
      assert(/^tcp-server: .*damaged.*\n$/.test(stderr), stderr);
      assertEquals(unpacked(home, "deno-"), []);
    },
  );

  row(
    "ten first starts at once unpack once and do not trip over each other",
    async (home) => {
      const outcomes = await Promise.all(
        Array.from(
          { length: 10 },
          () => run(home, "tcp-server", ["--version"]),
        ),
      );
      for (const { code, stdout, stderr } of outcomes) {
        assertEquals([code, stderr], [0, ""]);
        assert(stdout.startsWith("tcp-server "), stdout);
      }
      assertEquals(unpacked(home).length, 2);
    },
  );

  row("all four programs share one unpacked Deno", async (home) => {
    for (const { role } of ROLES) {
      assertEquals((await run(home, role, ["--version"])).code, 0);
    }
    assertEquals(unpacked(home, "deno-").length, 1);
    assertEquals(unpacked(home).length, 1 + ROLES.length);
  });

  row("old versions are removed, but for those that run", async (home) => {
    await using old = system.start("probe", ["wait"], home);
    await old.shows("waiting");
    const before = unpacked(home);
    const next = ["exit", "42"];
    assertEquals((await run(home, "probe-next", next)).code, 42);
    const both = unpacked(home);
    assertEquals(both.length, 4);
    assertEquals(before.filter((path) => !both.includes(path)), []);

    await old.end();
    await ended(old);
    const after = both.filter((path) => !before.includes(path));
    await until(async () => {
      // What is not there is unpacked, and then the others go.
      for (const path of after) Deno.removeSync(path);
      assertEquals((await run(home, "probe-next", next)).code, 42);
      return unpacked(home).length === 2;
    }, "the end of the old version");
    assertEquals(unpacked(home), after);
  });

  row(
    "what an interrupted start has left is removed by the next one",
    async (home) => {
      assertEquals((await run(home, "probe", ["exit", "0"])).code, 0);
      const [path] = unpacked(home, "deno-");
      Deno.removeSync(path);
      Deno.writeTextFileSync(`${path}.999999.part`, "half of it");
      assertEquals((await run(home, "probe", ["exit", "0"])).code, 0);
      assertEquals(unpacked(home).length, 2);
    },
  );
}
