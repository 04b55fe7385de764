import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import {
  BaseUnavailable,
  compileWithDenort,
} from "../../tasks/compile/denort.ts";
import { tripleOf } from "../../tasks/compile/executable_format.ts";
import { posixChecksum } from "../../tasks/compile/packed_file.ts";
import { icon as drawIcon } from "../../tasks/compile/icon.ts";
import { TARGETS } from "../../tasks/compile/target.ts";
import { UNEVEN } from "../../cli/threads.ts";
import { ROLES } from "../../cli/roles.ts";
import { ROLE_ENVIRONMENT } from "../../tasks/entry_module.ts";
import { bytes, text } from "../setup/bytes.ts";
import { ROOT, TestProcess } from "../setup/process.ts";
import { standIn } from "../setup/stand_in.ts";
import { isInstalled, testWhere } from "../setup/where.ts";
import { zipOf } from "../setup/zip.ts";

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

const NAMES = Object.keys(TARGETS) as (keyof typeof TARGETS)[];

/** A folder with what `--denort` takes, a stand-in for each system. */
async function makeBases(): Promise<string> {
  const folder = await Deno.makeTempDir();
  let sums = "";
  for (const { triple, suffix } of Object.values(TARGETS)) {
    const name = `denort-${triple}.zip`;
    const archive = zipOf(`denort${suffix}`, standIn(triple));
    await Deno.writeFile(join(folder, name), archive);
    const digest = await crypto.subtle.digest("SHA-256", archive);
    sums += `${new Uint8Array(digest).toHex()}  ${name}\n`;
  }
  await Deno.writeTextFile(join(folder, "SHA256SUMS"), sums);
  return folder;
}

for (const target of NAMES) {
  Deno.test(`compile --denort embeds in the files for ${target} what the manifest says`, async () => {
    const [out, bases] = [await Deno.makeTempDir(), await makeBases()];
    try {
      const { triple } = TARGETS[target];
      const { code, stdout, stderr } = await compile(
        ["--denort", bases, "--target", target, "--out", out],
        // What is named on the command line is meant.
        { DENORT_BIN: "/does/not/exist" },
      );
      assertEquals([code, stderr], [0, ""]);
      assert(
        stdout.startsWith(`Base runtime for ${triple}: from ${bases}\n`),
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
        assertEquals(executable.tried, "not tried");
        assertEquals(executable.target, triple);
        assertEquals(tripleOf(data), triple);

        const { metadata, files } = embedded(data);
        assert(
          new TextDecoder("latin1").decode(data).includes(
            `globalThis.${UNEVEN}=true;`,
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
      await Deno.remove(bases, { recursive: true });
    }
  });
}

Deno.test("compile takes a base runtime from DENORT_BIN", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [base, out] = [join(folder, "denort"), join(folder, "out")];
    await Deno.writeFile(base, standIn(TARGETS.linux.triple));
    const { code, stdout } = await compile(
      ["--target", "linux", "--role", "tcp-server", "--out", out],
      { DENORT_BIN: base },
    );
    assertEquals(code, 0);
    const from = `from DENORT_BIN, ${base}\n`;
    assert(
      stdout.startsWith(`Base runtime for ${TARGETS.linux.triple}: ${from}`),
    );
    assert(stdout.includes("deno compile"), stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (
  const [name, args, env, message] of [
    [
      "a folder that lacks one of the systems, before it builds another",
      ["--denort", "BASES", "--target", "linux", "--target", "macos-x64"],
      {},
      `compile: BASES/denort-x86_64-apple-darwin.zip is not there: it comes from the release of Deno ${Deno.version.deno}\n`,
    ],
    [
      "a DENORT_BIN for another system than the one that is built for",
      ["--target", "windows-arm64"],
      { DENORT_BIN: "BASES/denort" },
      "compile: BASES/denort is for x86_64-unknown-linux-gnu, and aarch64-pc-windows-msvc is wanted\n",
    ],
    [
      "a DENORT_BIN that is not there",
      ["--target", "linux"],
      { DENORT_BIN: "BASES/nothing" },
      "compile: BASES/nothing is not there\n",
    ],
  ] as [string, string[], Record<string, string>, string][]
) {
  Deno.test(`compile refuses ${name}`, async () => {
    const bases = await Deno.makeTempDir();
    const filled = (text: string) => text.replace("BASES", bases);
    const base = standIn(TARGETS.linux.triple);
    try {
      const zip = join(bases, `denort-${TARGETS.linux.triple}.zip`);
      await Deno.writeFile(zip, zipOf("denort", base));
      await Deno.writeFile(join(bases, "denort"), base);
      const out = join(bases, "out");
      const variables = Object.entries(env).map(([name, value]) => [
        name,
        filled(value),
      ]);
      const outcome = await compile(
        [...args.map(filled), "--out", out],
        Object.fromEntries(variables),
      );
      assertEquals([outcome.code, outcome.stderr], [1, filled(message)]);
      assertEquals(await exists(out), false);
    } finally {
      await Deno.remove(bases, { recursive: true });
    }
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("compile refuses --denort for files that have no base runtime", async () => {
  const { code, stderr } = await compile([
    "--denort",
    "downloads",
    "--runtime",
    "npm",
  ]);
  assertEquals(code, 2);
  assert(stderr.startsWith("compile: --denort: files made with Deno from npm"));
});

Deno.test("compileWithDenort() puts an icon into a file for Windows", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [bundle, environment, base, icon, output] = [
      "program.js",
      "role.env",
      "denort.exe",
      "icon.ico",
      "program.exe",
    ].map((name) => join(folder, name));
    await Deno.writeTextFile(bundle, "");
    await Deno.writeTextFile(environment, "");
    await Deno.writeFile(base, standIn(TARGETS.windows.triple));
    await Deno.writeFile(icon, drawIcon());
    // Deno writes each size of an icon as PNG.
    const hasImage = async () =>
      new TextDecoder("latin1").decode(await Deno.readFile(output))
        .includes("PNG\r\n");
    const parts = { bundle, environment, base };
    await compileWithDenort(parts, TARGETS.windows, output);
    assertEquals(await hasImage(), false);
    await Deno.remove(output);
    await compileWithDenort({ ...parts, icon }, TARGETS.windows, output);
    assertEquals(await hasImage(), true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

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
      lines[1].includes("--denort FOLDER") &&
        lines[1].includes("--runtime npm"),
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
    'compile: --target: "beos" is not one of linux, linux-arm64, windows, windows-arm64, macos-arm64, macos-x64\n' +
      "Try: deno task compile --help\n",
  );
});

Deno.test("compile --help names its options", async () => {
  const { code, stdout } = await compile(["--help"]);
  assertEquals(code, 0);
  for (
    const option of ["--target", "--role", "--out", "--runtime", "--denort"]
  ) {
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
