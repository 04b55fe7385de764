/**
 * Builds the executables: one file for each role and system.
 *
 * @module
 */
import { join } from "node:path";
import configuration from "../deno.json" with { type: "json" };
import { checkBase, unpackBase } from "./compile/base_runtime.ts";
import { bundle } from "./compile/bundle.ts";
import { BaseUnavailable, compileWithDenort } from "./compile/denort.ts";
import { ENVIRONMENT_FILE, startedUneven } from "./compile/own_text.ts";
import { linuxLauncher } from "./compile/linux_launcher.ts";
import { fetchRuntime } from "./compile/npm_runtime.ts";
import { icon } from "./compile/icon.ts";
import { type PackedFile, packFile } from "./compile/packed_file.ts";
import { NOT_TRIED, type Target, TARGETS } from "./compile/target.ts";
import {
  requireWindowsCompiler,
  windowsLauncher,
} from "./compile/windows_launcher.ts";
import { entryModule } from "./entry_module.ts";
import { DONE, FAILED, USAGE } from "../cli/exit_codes.ts";
import {
  type CommandDefinition,
  flag,
  list,
  optionalValue,
  type OptionValues,
  value,
} from "../cli/command_line/options.ts";
import { type Role, ROLES } from "../cli/roles.ts";
import { runTask } from "./task.ts";
import { oneOf, UsageError } from "../cli/command_line/values.ts";

const ROLE_NAMES: Role[] = ROLES.map(({ role }) => role);
const TARGET_NAMES = Object.keys(TARGETS) as (keyof typeof TARGETS)[];

const COMPILE = {
  role: "compile",
  purpose: "builds the executables: one file for each role and system.",
  positionals: "",
  options: {
    "target": list({
      placeholder: "NAME",
      parse: oneOf(...TARGET_NAMES),
      help: `Only this system; may repeat. ${TARGET_NAMES.join(", ")}.`,
    }),
    "role": list({
      placeholder: "ROLE",
      parse: oneOf(...ROLE_NAMES),
      help: "Only this role; may repeat.",
    }),
    "out": value({
      placeholder: "DIR",
      fallback: "dist",
      parse: (text) => text,
      help: "The folder to write to.",
    }),
    "runtime": value({
      placeholder: "NAME",
      fallback: "auto",
      parse: oneOf("auto", "denort", "npm"),
      help:
        "denort: by deno compile. npm: Deno's own binary from npm. auto: denort " +
        "where its base can be downloaded, else npm.",
    }),
    "denort": optionalValue({
      placeholder: "FOLDER",
      parse: (text) => text,
      help:
        "Base runtimes brought by hand: denort-TRIPLE.zip of each system, from the " +
        "release of Deno that runs this; checked against SHA256SUMS if it is there.",
    }),
    "help": flag("Show this help.", "h"),
  },
  examples: [
    ["", "the four programs for each of six systems"],
    [
      "--target linux --runtime npm",
      "the four for Linux, without Deno's download host",
    ],
    [
      "--target windows --denort downloads",
      "the four for Windows, on a base runtime in the folder downloads",
    ],
  ],
  exitCodes: [
    [DONE, "all files were built"],
    [FAILED, "a file could not be built"],
    [USAGE, "the command line was wrong"],
  ],
} satisfies CommandDefinition;

/** A file that was built, as the manifest lists it. */
interface Executable {
  role: Role;
  target: string;
  file: string;
  deno: string;
  runtime: "denort" | "npm";
  permissions: string[];
  /** What has run of the files for this target that are made this way. */
  tried: string;
  size: number;
  sha256: string;
}

/** Builds executables; what they share is made once. */
class Builder {
  readonly #bases = new Map<Target, Promise<string | undefined>>();
  readonly #runtimes = new Map<Target, Promise<PackedFile>>();
  readonly #bundles = new Map<Role, Promise<string>>();
  readonly #unevenBundles = new Map<Role, Promise<string>>();
  /** Systems whose base runtime could not be downloaded. */
  readonly #withoutBase = new Set<Target>();

  constructor(
    readonly options: OptionValues<typeof COMPILE.options>,
    readonly folder: string,
  ) {}

  #bundle(role: Role): Promise<string> {
    return remember(this.#bundles, role, async () => {
      const file = join(this.folder, `${role}.js`);
      await bundle(entryModule(role), file);
      return file;
    });
  }

  /** The same for a file that cannot set its own environment. */
  #unevenBundle(role: Role): Promise<string> {
    return remember(this.#unevenBundles, role, async () => {
      const program = await Deno.readTextFile(await this.#bundle(role));
      const place = join(this.folder, "uneven");
      await Deno.mkdir(place, { recursive: true });
      const file = join(place, `${role}.js`);
      await Deno.writeTextFile(file, startedUneven(program));
      return file;
    });
  }

  #runtime(target: Target): Promise<PackedFile> {
    return remember(this.#runtimes, target, async () => {
      if (target.suffix === ".exe") await requireWindowsCompiler();
      console.log(`  Deno ${Deno.version.deno} for ${target.triple}, from npm`);
      const file = await fetchRuntime(target, this.folder);
      return packFile(await Deno.readFile(file));
    });
  }

  /** The path of the icon of files for Windows. */
  async #icon(): Promise<string> {
    const file = join(this.folder, "icon.ico");
    await Deno.writeFile(file, icon());
    return file;
  }

  /** The path of a base runtime that is here already. */
  base(target: Target): Promise<string | undefined> {
    return remember(this.#bases, target, async () => {
      const { denort, runtime } = this.options;
      if (denort !== undefined) return unpackBase(denort, target, this.folder);
      const path = Deno.env.get("DENORT_BIN");
      if (!path || runtime === "npm") return undefined;
      await checkBase(path, target);
      return path;
    });
  }

  async build(role: Role, target: Target): Promise<Executable> {
    const file = `${target.folder}/${role}${target.suffix}`;
    const output = join(this.options.out, file);
    await Deno.mkdir(join(this.options.out, target.folder), {
      recursive: true,
    });
    // Built elsewhere: deno compile does not replace files that it did not make,
    // and the folder never holds half a file.
    const aside = join(this.folder, `${role}-${target.folder}${target.suffix}`);
    const runtime = await this.#make(role, target, aside);
    await Deno.remove(output).catch(() => {});
    await Deno.copyFile(aside, output);
    await Deno.remove(aside);
    const data = await Deno.readFile(output);
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", data))
      .toHex();
    return {
      role,
      target: target.triple,
      file,
      deno: Deno.version.deno,
      runtime,
      permissions: ["net"],
      tried: runtime === "npm" ? target.tried : NOT_TRIED,
      size: data.length,
      sha256,
    };
  }

  async #make(
    role: Role,
    target: Target,
    output: string,
  ): Promise<"denort" | "npm"> {
    const base = await this.base(target);
    const wanted = base === undefined ? this.options.runtime : "denort";
    if (wanted !== "npm" && !this.#withoutBase.has(target)) {
      try {
        const environment = join(this.folder, "role.env");
        await Deno.writeTextFile(environment, ENVIRONMENT_FILE);
        await compileWithDenort(
          {
            bundle: await this.#unevenBundle(role),
            environment,
            base,
            icon: target.suffix === ".exe" ? await this.#icon() : undefined,
          },
          target,
          output,
        );
        return "denort";
      } catch (error) {
        if (wanted === "denort" || !(error instanceof BaseUnavailable)) {
          throw error;
        }
        this.#withoutBase.add(target);
        console.log(
          `  ${error.message.split("\n")[0]}\n  Taking Deno's binary from npm.`,
        );
      }
    }
    const runtime = await this.#runtime(target);
    const program = await packFile(
      await Deno.readFile(await this.#bundle(role)),
    );
    if (target.suffix === ".exe") {
      const { purpose } = ROLES.find((each) => each.role === role)!;
      const about = { name: role, purpose, version: configuration.version };
      await windowsLauncher(about, program, runtime, output);
    } else {
      const launcher = linuxLauncher(role, target, program, runtime);
      await Deno.writeFile(output, launcher.stream(), { mode: 0o755 });
    }
    return "npm";
  }
}

/** The value of a key, made at most once. */
function remember<Key, Value>(
  known: Map<Key, Promise<Value>>,
  key: Key,
  make: () => Promise<Value>,
): Promise<Value> {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}

async function compile(
  options: OptionValues<typeof COMPILE.options>,
): Promise<void> {
  const roles = options.role.length > 0 ? options.role : ROLE_NAMES;
  if (options.denort !== undefined && options.runtime === "npm") {
    throw new UsageError(
      "--denort: files made with Deno from npm (--runtime npm) have no base runtime",
    );
  }
  const names = options.target.length > 0 ? options.target : TARGET_NAMES;
  const targets: Target[] = [...new Set(names)].map((name) => TARGETS[name]);
  if (
    options.runtime === "npm" && targets.some(({ suffix }) => suffix === ".exe")
  ) {
    await requireWindowsCompiler();
  }
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  const made: Executable[] = [];
  try {
    const builder = new Builder(options, folder);
    // What was brought is checked before anything is built.
    for (const target of targets) {
      const base = await builder.base(target);
      if (base === undefined) continue;
      const from = options.denort ?? `DENORT_BIN, ${base}`;
      console.log(`Base runtime for ${target.triple}: from ${from}`);
    }
    for (const target of targets) {
      for (const role of roles) {
        console.log(`${target.folder}/${role}${target.suffix}`);
        made.push(await builder.build(role, target));
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await writeLists(options.out, made);
  printTable(made);
}

/** Checksums for `sha256sum --check`, and the manifest for programs. */
async function writeLists(out: string, made: Executable[]): Promise<void> {
  const sums = made.map(({ sha256, file }) => `${sha256}  ${file}\n`).join("");
  await Deno.writeTextFile(join(out, "SHA256SUMS"), sums);
  const manifest = { version: configuration.version, executables: made };
  await Deno.writeTextFile(
    join(out, "manifest.json"),
    JSON.stringify(manifest, null, 2) + "\n",
  );
}

function printTable(made: Executable[]): void {
  const rows = [
    ["role", "target", "size", "made with", "tried"],
    ...made.map(({ role, target, size, runtime, tried }) => [
      role,
      target,
      `${(size / 1e6).toFixed(1)} MB`,
      runtime === "denort" ? "deno compile" : "Deno from npm",
      tried,
    ]),
  ];
  const widths = rows[0].map((_, i) =>
    Math.max(...rows.map((row) => row[i].length))
  );
  console.log();
  for (const row of rows) {
    console.log(
      row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd(),
    );
  }
}

await runTask(COMPILE, async ({ options }) => {
  await compile(options);
  return DONE;
});
