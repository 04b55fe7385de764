/**
 * Who runs a program fetches what it imports, and not what tests and builds
 * need; and whatever is fetched is what was locked.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import programs from "../cli/deno.json" with { type: "json" };
import configuration from "../deno.json" with { type: "json" };
import importMap from "../import_map.json" with { type: "json" };
import { ROLES } from "../cli/roles.ts";
import { entryModule } from "../tasks/entry_module.ts";
import { ROOT } from "./setup/process.ts";

/** The part of a lock file that is looked at here. */
interface Lock {
  specifiers: Record<string, string>;
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
}

function readJson(path: string) {
  return JSON.parse(Deno.readTextFileSync(ROOT + path));
}

function readLock(folder: string): Lock {
  return readJson(`${folder}deno.lock`);
}

/** What is run and no development: the folder of its lock, and the modules that it is for. */
const SMALL_LOCKS = {
  "cli/": ROLES.map(({ role }) => entryModule(role)),
  "report/": [`${ROOT}tasks/report.ts`, `${ROOT}report/page/main.ts`],
};

/** What Deno fetches for a module, and the packages that are imported from there on. */
async function packagesOf(folder: string, module: string) {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `--config=${ROOT}${folder}deno.json`, module],
    stderr: "inherit",
  }).output();
  const { npmPackages, modules } = JSON.parse(
    new TextDecoder().decode(stdout),
  ) as {
    npmPackages: Record<string, { dependencies: string[] }>;
    modules: { npmPackage?: string }[];
  };
  return {
    fetched: npmPackages,
    imported: modules.flatMap(({ npmPackage }) => npmPackage ?? []),
  };
}

for (const [folder, modules] of Object.entries(SMALL_LOCKS)) {
  Deno.test(`${folder}deno.lock holds what its modules import, and nothing else (deno task lock)`, async () => {
    const all = await Promise.all(
      modules.map((module) => packagesOf(folder, module)),
    );
    const { fetched } = all[0];
    const needed = new Set(all.flatMap(({ imported }) => imported));
    for (const name of needed) {
      fetched[name].dependencies.forEach((other) => needed.add(other));
    }
    assertEquals(Object.keys(fetched).toSorted(), [...needed].toSorted());
  });

  Deno.test(`${folder}deno.lock and deno.lock agree (deno task lock)`, () => {
    const { npm } = readLock("");
    const small = readLock(folder).npm;
    const same = Object.keys(small).map((name) => [name, npm[name]]);
    assertEquals(small, Object.fromEntries(same));
  });
}

Deno.test("deno.lock holds what import_map.json names, each at one exact version (deno task lock)", () => {
  const isNpm = (specifier: string) => specifier.startsWith("npm:");
  const named = Object.values(importMap.imports).filter(isNpm).map((target) =>
    /^npm:(?:@[^/]+\/)?[^/]+@\d+\.\d+\.\d+(?=\/|$)/.exec(target)?.[0] ?? target
  );
  const locked = Object.keys(readLock("").specifiers).filter(isNpm);
  assertEquals(locked.toSorted(), [...new Set(named)].toSorted());
  const nameOf = (specifier: string) =>
    specifier.slice(0, specifier.lastIndexOf("@"));
  assertEquals(new Set(locked.map(nameOf)).size, locked.length);
});

/** The lock to which Deno holds a command that runs or checks modules. */
function lockOf(command: string): string | undefined {
  if (!command.includes("deno run ")) {
    return /--lock=(\S+) --frozen /.exec(command)?.[1];
  }
  // Unless told otherwise, Deno takes the configuration beside an entry module.
  const [, top] = / (\w+)\/\S+\.ts\b/.exec(command)!;
  const file = /--config=(\S+)/.exec(command)?.[1] ?? `${top}/deno.json`;
  const { lock: { path, frozen } } = readJson(file);
  const root = import.meta.resolve("../");
  return frozen
    ? new URL(path, root + file).href.slice(root.length)
    : undefined;
}

Deno.test("every task fetches what is locked: the programs and reports what is locked for them", () => {
  const commands = Object.entries(configuration.tasks).map((
    [task, { command }],
  ): [string, string] => [task, command]);
  const found = [...commands, ...Object.entries(programs.tasks)].flatMap((
    [task, command],
  ) =>
    command.split("&&").filter((part) =>
      /\bdeno (run|test|check|bench) /.test(part)
    ).map((part) => [task, lockOf(part)])
  );
  const small: Record<string, string> = {
    ...Object.fromEntries(ROLES.map(({ role }) => [role, "cli/deno.lock"])),
    demo: "cli/deno.lock",
    report: "report/deno.lock",
  };
  assertEquals(
    found,
    found.map(([task]) => [task, small[task!] ?? "deno.lock"]),
  );
  assertEquals(Object.keys(programs.tasks), ROLES.map(({ role }) => role));
  assertEquals(found.length > 15, true, `${found.length} commands were read`);
});

Deno.test("deno.json names nothing that every task would fetch", () => {
  assertEquals(configuration.lock, false);
  assertEquals(Object.hasOwn(configuration, "imports"), false);
});
