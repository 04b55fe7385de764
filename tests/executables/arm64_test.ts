/**
 * The files for Linux on ARM64, under QEMU: they start, and talk to those for
 * x86-64.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { LOCAL } from "../setup/exchange.ts";
import type { Role } from "../../cli/roles.ts";
import {
  executablesFolder,
  isFromSource,
  roleCommand,
  TestProcess,
} from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

/** An ARM64 system's libraries, of Debian's packages for cross-compiling. */
const SYSTEM = "/usr/aarch64-linux-gnu";

/** Deno takes seconds to start there, and longer on a busy machine. */
const PATIENCE = 90_000;

/**
 * What bash reads before it runs a file: `uname` is that of an ARM64 system, and
 * `exec` starts the program under QEMU.
 */
const EMULATION = `
uname() { echo Linux aarch64; }
exec() { builtin exec qemu-aarch64-static -L ${SYSTEM} "$@"; }
`;

function isPresent(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function emulated(role: Role): string[] {
  const file = join(executablesFolder(), "../linux-arm64", role);
  return ["bash", file];
}

/** A test with a function that starts a command as such a system would. */
function arm64Test(
  name: string,
  fn: (start: (command: string[]) => TestProcess) => Promise<void>,
): void {
  const missing = isFromSource()
    ? "deno task test:exe runs it"
    : !isInstalled("qemu-aarch64-static")
    ? "qemu-user-static is not installed"
    : !isPresent(`${SYSTEM}/lib/ld-linux-aarch64.so.1`) ||
        !isPresent(`${SYSTEM}/lib/libgcc_s.so.1`)
    ? "libc6-arm64-cross or libgcc-s1-arm64-cross is not installed"
    : "";
  testWhere(missing === "", missing, name, async () => {
    const emulation = await Deno.makeTempFile();
    await Deno.writeTextFile(emulation, EMULATION);
    const env = { PATH: Deno.env.get("PATH")!, BASH_ENV: emulation };
    try {
      await fn((command) => new TestProcess(command, { env }));
    } finally {
      await Deno.remove(emulation);
    }
  });
}

arm64Test(
  "a file for Linux on ARM64 starts, and says what it is",
  async (start) => {
    await using process = start([...emulated("udp-client"), "--version"]);
    const { code, stdout, stderr } = await process.outcome();
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.endsWith(", aarch64-unknown-linux-gnu, npm)\n"), stdout);
  },
);

for (const transport of ["tcp", "udp"] as const) {
  const [server, client] = [
    `${transport}-server`,
    `${transport}-client`,
  ] as const;
  for (
    const [serving, serve, asking, ask] of [
      ["an ARM64", emulated, "an x86-64", roleCommand],
      ["an x86-64", roleCommand, "an ARM64", emulated],
    ] as const
  ) {
    arm64Test(
      `${serving} ${server} echoes to ${asking} ${client}`,
      async (start) => {
        await using listening = start([...serve(server), "--once", ...LOCAL]);
        let ended = false;
        listening.outcome().then(() => ended = true);
        const line = /^Listening on \S+:(\d+) /m;
        await until(
          () => ended || line.test(listening.stdout),
          "a server",
          PATIENCE,
        );
        const port = line.exec(listening.stdout)?.[1];
        assert(port !== undefined, listening.stdout + listening.stderr);
        const args = ["--message", "an echo", "--timeout", "60s"];
        await using asked = start([
          ...ask(client),
          `127.0.0.1:${port}`,
          ...args,
        ]);
        const outcome = await asked.outcome();
        assertEquals([outcome.code, outcome.stderr], [0, ""]);
        assert(outcome.stdout.includes("Bytes received: 7\n"), outcome.stdout);
        assertEquals((await listening.outcome()).code, 0);
      },
    );
  }
}
