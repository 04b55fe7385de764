import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { BaseUnavailable } from "../../tasks/compile/denort.ts";
import { posixChecksum } from "../../tasks/compile/packed_file.ts";
import { TARGETS } from "../../tasks/compile/target.ts";
import { OWN_TEXT } from "../../cli/own_thread.ts";
import { ROLES } from "../../cli/roles.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { bytes, text } from "../setup/bytes.ts";
import { ROOT, TestProcess } from "../setup/process.ts";
import { elfStandIn, peStandIn } from "../setup/stand_in.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

/** Stand-ins for the base runtimes: their paths. */
const STAND_IN = { linux: "", windows: "" };

Deno.test.beforeAll(async () => {
  STAND_IN.linux = await Deno.makeTempFile();
  await Deno.writeFile(STAND_IN.linux, elfStandIn());
  STAND_IN.windows = await Deno.makeTempFile();
  await Deno.writeFile(STAND_IN.windows, peStandIn());
});

Deno.test.afterAll(async () => {
  for (const path of Object.values(STAND_IN)) await Deno.remove(path);
});

/** Runs `deno task compile`. */
async function compile(args: string[], env: Record<string, string> = {}) {
  const command = [
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-all",
  ];
  const process = new TestProcess([
    ...command,
    `${ROOT}tasks/compile.ts`,
    ...args,
  ], { env });
  return await process.outcome();
}

/** The texts in JSON that `deno compile` has put into a file. */
function embedded(data: Uint8Array) {
  const all = new TextDecoder("latin1").decode(data);
  const start = all.lastIndexOf('{"argv":');
  const end = all.indexOf('"}', all.indexOf('"app_name"', start)) + 2;
  const files = all.indexOf('[{"', end);
  return {
    metadata: JSON.parse(all.slice(start, end)),
    files: JSON.parse(all.slice(files, all.indexOf("}]", files) + 2)),
  };
}

for (const target of ["linux", "windows"] as const) {
  Deno.test(`compile --runtime denort embeds in the files for ${target} what the manifest says`, async () => {
    const out = await Deno.makeTempDir();
    try {
      const { code, stdout, stderr } = await compile(
        ["--runtime", "denort", "--target", target, "--out", out],
        { DENORT_BIN: STAND_IN[target] },
      );
      assertEquals([code, stderr], [0, ""]);
      assert(
        stdout.startsWith(
          `Base runtime from DENORT_BIN: ${STAND_IN[target]}\n`,
        ),
        stdout,
      );
      const { executables } = JSON.parse(
        await Deno.readTextFile(join(out, "manifest.json")),
      );
      const sums = await Deno.readTextFile(join(out, "SHA256SUMS"));
      assertEquals(executables.length, ROLES.length);
      for (const executable of executables) {
        const data = await Deno.readFile(join(out, executable.file));
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data))
          .toHex();
        assertEquals([executable.size, executable.sha256], [data.length, hash]);
        assert(sums.includes(`${hash}  ${executable.file}\n`));
        assertEquals(executable.runtime, "denort");
        assertEquals(executable.target, TARGETS[target].triple);

        const { metadata, files } = embedded(data);
        assert(
          new TextDecoder("latin1").decode(data).includes(
            `globalThis.${OWN_TEXT}=`,
          ),
        );
        const { allow_net, prompt, allow_import: _, ...others } =
          metadata.permissions;
        assertEquals([allow_net, prompt], [[], false]);
        assertEquals(new Set(Object.values(others)), new Set([null]));
        assertEquals(metadata.argv, []);
        // Preceded by flags that Deno always sets.
        assertEquals(metadata.v8_flags.at(-1), "--max-semi-space-size=4");
        assertEquals(metadata.unstable_config.features, ["net"]);
        assertEquals(metadata.env_vars_from_env_file, ROLE_ENVIRONMENT);
        assertEquals(metadata.entrypoint_key, `${executable.role}.js`);
        assertEquals(
          files.map((entry: { File: { n: string } }) => entry.File.n),
          [`${executable.role}.js`],
        );
      }
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  });
}

Deno.test("compileWithDenort() says in two lines what was not reachable and what to do", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = join(folder, "program.js");
    await Deno.writeTextFile(program, "");
    const environment = join(folder, "role.env");
    await Deno.writeTextFile(environment, "");
    // In a process of its own, whose environment it changes.
    await using process = new TestProcess([
      Deno.execPath(),
      "run",
      "--quiet",
      "--frozen",
      "--allow-all",
      fileURLToPath(import.meta.resolve("../setup/unreachable_base.ts")),
      folder,
    ]);
    const { code, stdout, stderr } = await process.outcome();
    assertEquals([code, stderr], [0, ""]);
    const { name, message } = JSON.parse(stdout);
    assertEquals(name, BaseUnavailable.name);
    const lines = message.split("\n");
    assertEquals(lines.length, 2);
    assert(
      lines[0].includes(
        "denort-x86_64-unknown-linux-gnu.zip was not reachable",
      ),
      lines[0],
    );
    assert(
      lines[1].includes("DENORT_BIN") && lines[1].includes("--runtime npm"),
      lines[1],
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("compile names what to install where the compiler for Windows is missing, and what needs none", async () => {
  const empty = await Deno.makeTempDir();
  try {
    const { code, stderr } = await compile(
      ["--target", "windows", "--runtime", "npm", "--out", empty],
      { PATH: empty },
    );
    assertEquals(code, 1);
    const [line] = stderr.split("\n");
    for (const part of ["mingw-w64", "zlib", "denort"]) {
      assert(line.includes(part), stderr);
    }
    assertEquals([...Deno.readDirSync(empty)], []);
  } finally {
    await Deno.remove(empty, { recursive: true });
  }
});

Deno.test("compile names the values that an option takes instead of a wrong one", async () => {
  const { code, stderr } = await compile(["--target", "beos"]);
  assertEquals(code, 2);
  assertEquals(
    stderr,
    'compile: --target: "beos" is not one of all, linux, windows\n' +
      "Try: deno task compile --help\n",
  );
});

Deno.test("compile --help names its options", async () => {
  const { code, stdout } = await compile(["--help"]);
  assertEquals(code, 0);
  for (const option of ["--target", "--role", "--out", "--runtime"]) {
    assert(stdout.includes(option), option);
  }
});

const HAS_CKSUM = isInstalled("cksum");

testWhere(
  HAS_CKSUM,
  "cksum is not installed",
  "posixChecksum() is what cksum prints",
  async () => {
    for (const data of ["", "a", "echosounder", "x".repeat(100_000)]) {
      const child = new Deno.Command("cksum", {
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const feeding = new Blob([bytes(data)]).stream().pipeTo(child.stdin);
      const { stdout } = await child.output();
      await feeding;
      assertEquals(posixChecksum(bytes(data)), text(stdout).trim());
    }
  },
);
