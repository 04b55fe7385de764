import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { testLaunchers } from "../executables/behaviours.ts";
import { testWhere } from "../setup/where.ts";
import {
  pathHere,
  pathThere,
  startWindows,
  WINDOWS,
  WindowsProcess,
} from "./windows_process.ts";

const MISSING = "deno task test:windows runs it";

/** Variables for a file that can unpack into a home, and nowhere else. */
function variables(home: string): Record<string, string> {
  const place = pathThere(home);
  return { LOCALAPPDATA: place, TEMP: place, TMP: place };
}

/** A folder that Windows programs can reach, too. */
function makeHome(): string {
  const dir = WINDOWS?.root === undefined
    ? undefined
    : join(WINDOWS.root, "tmp");
  return Deno.makeTempDirSync({ dir, prefix: "echosounder-" });
}

testLaunchers({
  name: "Windows",
  given: WINDOWS !== undefined,
  missing: MISSING,
  makeHome,
  path: (file) => pathHere(`${WINDOWS!.folder}\\${file}.exe`),
  start: (file, args, home, stdin) =>
    startWindows(file, args, { env: variables(home), stdin }),
  startAt: (path, args, home) =>
    new WindowsProcess(pathThere(path), args, { env: variables(home) }),
});

/** A test of what is on Windows alone. */
function windowsTest(name: string, fn: () => Promise<void>): void {
  testWhere(WINDOWS !== undefined, MISSING, name, fn);
}

testWhere(
  WINDOWS !== undefined && WINDOWS.root === undefined,
  WINDOWS === undefined ? MISSING : "Wine ends a process at Ctrl+Break",
  "Ctrl+Break shows what a Windows server has done so far, and it goes on",
  async () => {
    await using server = startWindows("tcp-server", [
      "--host",
      "127.0.0.1",
      "--port",
      "0",
    ]);
    await server.listening();
    await server.break();
    await server.shows("So far, ");
    await server.interrupt();
    const { code, stdout } = await server.outcome();
    assert(stdout.includes("Stopped after"), stdout);
    assertEquals(code, 0);
  },
);

windowsTest(
  "a Windows file unpacks into TEMP where Local AppData cannot be written",
  async () => {
    const home = makeHome();
    try {
      await using process = startWindows("tcp-server", ["--version"], {
        env: { ...variables(home), LOCALAPPDATA: "Z:\\no\\such\\folder" },
      });
      assertEquals((await process.outcome()).code, 0);
      assert(Deno.statSync(join(home, "echosounder")).isDirectory);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);

windowsTest(
  "an unpacked file cannot be written to or removed while it runs",
  async () => {
    const home = makeHome();
    try {
      await using server = startWindows("tcp-server", [
        "--host",
        "127.0.0.1",
        "--port",
        "0",
      ], { env: variables(home) });
      await server.listening();
      const folder = `${pathThere(home)}\\echosounder`;
      await using process = new WindowsProcess("cmd.exe", [
        "/c",
        `del ${folder}\\*.exe ${folder}\\*.js`,
      ]);
      await process.outcome();
      const names = [...Deno.readDirSync(join(home, "echosounder"))];
      assertEquals(names.filter(({ isFile }) => isFile).length, 2);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
);
