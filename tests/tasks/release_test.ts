/**
 * The release's workflow runs on a service only; what it does to the files can be
 * run here.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { TARGETS } from "../../tasks/compile/target.ts";
import { ROLES } from "../../cli/roles.ts";
import { bytes, text } from "../setup/bytes.ts";
import { ROOT } from "../setup/process.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const WORKFLOW = Deno.readTextFileSync(`${ROOT}.github/workflows/release.yml`)
  .replaceAll("\r\n", "\n");

/** The script of the step that has a text in it. */
function scriptWith(part: string): string {
  const scripts = [...WORKFLOW.matchAll(/^ +- run: \|\n((?: {10}.*\n)+)/gm)];
  const [, script] = scripts.find(([, script]) => script.includes(part))!;
  return script.replaceAll(/^ {10}/gm, "");
}

/** Whether a name is one that a pattern of the shell stands for. */
function matches(name: string, pattern: string): boolean {
  const expression = pattern.replaceAll(".", "\\.").replaceAll("*", ".*");
  return new RegExp(`^${expression}$`).test(name);
}

testWhere(
  ["bash", "sha256sum", "zip"].every(isInstalled),
  "needs bash, sha256sum and zip",
  "a release has the files of every target by names of their own, and tries each on one system",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const dist = join(folder, "dist");
      const executables: { file: string }[] = [];
      let sums = "";
      for (const { folder, suffix } of Object.values(TARGETS)) {
        await Deno.mkdir(join(dist, folder), { recursive: true });
        for (const { role } of ROLES) {
          const file = `${folder}/${role}${suffix}`;
          const digest = await crypto.subtle.digest("SHA-256", bytes(file));
          await Deno.writeTextFile(join(dist, file), file);
          sums += `${new Uint8Array(digest).toHex()}  ${file}\n`;
          executables.push({ file });
        }
      }
      await Deno.writeTextFile(join(dist, "SHA256SUMS"), sums);
      const manifest = JSON.stringify({ executables }, null, 2);
      await Deno.writeTextFile(join(dist, "manifest.json"), manifest);

      const { success, stderr } = await new Deno.Command("bash", {
        args: ["-e", "-c", scriptWith("mkdir assets")],
        cwd: folder,
      }).output();
      assertEquals([success, text(stderr)], [true, ""]);

      const assets = join(folder, "assets");
      const all = [...Deno.readDirSync(assets)].map(({ name }) => name)
        .filter((name) => !["SHA256SUMS", "manifest.json"].includes(name));
      const isArchive = (name: string) => /\.(tar\.gz|zip)$/.test(name);
      const names = all.filter((name) => !isArchive(name));
      assertEquals(names.length, executables.length);
      assertEquals(
        all.filter(isArchive).length,
        Object.keys(TARGETS).length,
      );
      const listed = JSON.parse(
        await Deno.readTextFile(join(assets, "manifest.json")),
      ).executables.map(({ file }: { file: string }) => file);
      assertEquals(listed.toSorted(), names.toSorted());

      const tried = [...WORKFLOW.matchAll(/ files: "(.+)"/g)].map((
        [, pattern],
      ) => names.filter((name) => matches(name, pattern)));
      assertEquals(
        tried.map(({ length }) => length),
        Object.keys(TARGETS).map(() => ROLES.length),
      );
      assertEquals(tried.flat().toSorted(), names.toSorted());
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
