/**
 * Imports run one way: who looks for a thing finds it by its folder, and what is
 * below knows nothing of what is above.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { dirname } from "node:path/posix";
import { ROOT } from "./setup/process.ts";

/** The folders, from the ground up; a module imports from its own level or below. */
const LEVELS = [
  ["events"],
  ["net", "text"],
  ["measure"],
  ["tcp", "udp", "report"],
  ["cli"],
  ["tasks"],
];

/** Folders that know nothing of each other. */
const APART = [
  ["net", "text"],
  ["tcp", "udp"],
  ["tcp", "report"],
  ["udp", "report"],
  ["tcp/server", "tcp/client"],
  ["udp/server", "udp/client"],
];

async function* modulesIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* modulesIn(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** A module's imports of other modules of the project, by their paths. */
function importsOf(path: string, text: string): string[] {
  const code = text.replace(/\/\*[^]*?\*\//g, "");
  const specifiers = code.matchAll(
    /^(?:import|export)\b[^"';]*?["'](\.[^"']+\.ts)["']|\bimport\(\s*["'](\.[^"']+\.ts)["']/gm,
  );
  return [...specifiers].map(([, direct, dynamic]) => {
    const base = `file:///${dirname(path)}/`;
    return new URL(direct ?? dynamic, base).pathname.slice(1);
  });
}

/** All modules of the project, and what each imports. */
const imports = new Map<string, string[]>();
for (const folder of LEVELS.flat()) {
  for await (const path of modulesIn(folder)) {
    imports.set(path, importsOf(path, await Deno.readTextFile(ROOT + path)));
  }
}
const arrows = [...imports].flatMap(([from, all]) =>
  all.map((to) => [from, to] as const)
);

const isIn = (path: string, folder: string) => path.startsWith(`${folder}/`);

/** How far up a module is; -1 outside the levels. */
function levelOf(path: string): number {
  return LEVELS.findIndex((folders) =>
    folders.some((folder) => isIn(path, folder))
  );
}

Deno.test("modules import from their own level or below, and never from above", () => {
  assertEquals(imports.size > 80, true, `${imports.size} modules were read`);
  assertEquals(arrows.length > 200, true, `${arrows.length} imports were read`);
  const upwards = arrows.filter(([from, to]) => {
    // The configuration says the version.
    return to.endsWith(".ts") && levelOf(to) > levelOf(from);
  });
  assertEquals(upwards, []);
});

Deno.test("TCP knows nothing of UDP, a server nothing of a client, and the other way round", () => {
  const between = arrows.filter(([from, to]) =>
    APART.some(([one, other]) =>
      isIn(from, one) && isIn(to, other) || isIn(from, other) && isIn(to, one)
    )
  );
  assertEquals(between, []);
});

Deno.test("no import leads back to where it came from", () => {
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (path: string, way: string[]) => {
    const at = way.indexOf(path);
    if (at >= 0) circles.push([...way.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    for (const to of imports.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  assertEquals(circles, []);
});

Deno.test("the examples import nothing: each is one file on Deno's calls alone", async () => {
  const found: string[] = [];
  for await (const path of modulesIn("examples")) {
    found.push(path);
    const text = await Deno.readTextFile(ROOT + path);
    assertEquals(text.match(/\b(import|export|require)\b/), null, path);
  }
  assertEquals(found.length, 4);
});
