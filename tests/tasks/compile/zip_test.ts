import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { readFromZip, ZipError } from "../../../tasks/compile/zip.ts";
import { bytes, text } from "../../setup/bytes.ts";
import { isInstalled, testWhere } from "../../setup/where.ts";
import { zipOf } from "../../setup/zip.ts";

const CONTENT = bytes("an echo ".repeat(1000));

Deno.test("readFromZip() reads a compressed file, with a comment behind the archive too", async () => {
  const archive = zipOf("denort", CONTENT);
  assertEquals(await readFromZip(archive, "denort"), CONTENT);
  const commented = concat([archive, bytes("a comment")]);
  assertEquals(
    await readFromZip(commented as Uint8Array<ArrayBuffer>, "denort"),
    CONTENT,
  );
});

Deno.test("readFromZip() says what an archive holds in place of a file", async () => {
  await assertRejects(
    () => readFromZip(zipOf("readme", CONTENT), "denort"),
    ZipError,
    "it has no denort, but readme",
  );
});

Deno.test("readFromZip() refuses what was cut off anywhere, and what is no archive", async () => {
  const archive = zipOf("denort", CONTENT);
  for (let size = 0; size < archive.length; size++) {
    await assertRejects(
      () => readFromZip(archive.slice(0, size), "denort"),
      ZipError,
    );
  }
  await assertRejects(() => readFromZip(CONTENT, "denort"), ZipError);
});

Deno.test("readFromZip() never gives back changed content", async () => {
  const content = bytes(Array.from({ length: 300 }, (_, i) => i * i).join());
  const archive = zipOf("denort", content);
  const start = 30 + "denort".length;
  const size = new DataView(archive.buffer).getUint32(18, true);
  let refused = 0;
  for (let at = start; at < start + size; at++) {
    const changed = archive.slice();
    changed[at] ^= 0x10;
    try {
      // A change of what stands for the same content is none.
      assertEquals(await readFromZip(changed, "denort"), content);
    } catch (error) {
      if (!(error instanceof ZipError)) throw error;
      refused++;
    }
  }
  assert(refused > 0.9 * size, `${refused} of ${size}`);
});

testWhere(
  isInstalled("python3"),
  "python3 is not installed",
  "readFromZip() reads what another program has packed, compressed or not",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const method of ["ZIP_DEFLATED", "ZIP_STORED"]) {
        const { success, stderr } = await new Deno.Command("python3", {
          cwd: folder,
          args: [
            "-c",
            `import zipfile
with zipfile.ZipFile("archive.zip", "w", zipfile.${method}) as archive:
    archive.writestr("first", "something else")
    archive.writestr("denort", "an echo " * 1000)
    archive.comment = b"a comment"`,
          ],
        }).output();
        assertEquals([success, text(stderr)], [true, ""]);
        const archive = await Deno.readFile(`${folder}/archive.zip`);
        assertEquals(await readFromZip(archive, "denort"), CONTENT);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
