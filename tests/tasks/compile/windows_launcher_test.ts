import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { icon } from "../../../tasks/compile/icon.ts";
import { packFile } from "../../../tasks/compile/packed_file.ts";
import {
  requireWindowsCompiler,
  windowsLauncher,
} from "../../../tasks/compile/windows_launcher.ts";
import { bytes } from "../../setup/bytes.ts";
import { standIn } from "../../setup/stand_in.ts";
import { testWhere } from "../../setup/where.ts";

const HAS_COMPILER = await requireWindowsCompiler().then(
  () => true,
  () => false,
);

/** Bytes as a text in which any bytes are found. */
function searchable(data: Uint8Array): string {
  return new TextDecoder("latin1").decode(data);
}

testWhere(
  HAS_COMPILER,
  "needs mingw-w64 with zlib",
  "windowsLauncher() packs the program, Deno, an icon, a version and a description",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const file = join(folder, "a name with spaces.exe");
      const program = await packFile(bytes("the program"));
      const runtime = await packFile(standIn("x86_64-pc-windows-msvc"));
      const about = {
        name: "tcp-server",
        purpose: 'serves "echo", größer.',
        version: "12.34.56",
      };
      await windowsLauncher(about, program, runtime, file);
      const all = searchable(await Deno.readFile(file));
      assert(all.startsWith("MZ"));
      for (const part of [program.compressed, runtime.compressed]) {
        assert(all.includes(searchable(part)));
      }
      const image = searchable(icon());
      assert(all.includes(image.slice(image.lastIndexOf("PNG\r\n"))));
      const wide = new TextDecoder("utf-16le").decode(
        await Deno.readFile(file),
      );
      for (const text of ['tcp-server serves "echo", größer\0', "12.34.56\0"]) {
        assert(wide.includes(text), text);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("icon() holds a picture for each size that Windows shows", () => {
  const file = icon();
  const view = new DataView(file.buffer);
  assertEquals([view.getUint16(2, true), view.getUint16(4, true)], [1, 4]);
  const sizes = [0, 1, 2, 3].map((i) => {
    const at = view.getUint32(6 + 16 * i + 12, true);
    const length = view.getUint32(6 + 16 * i + 8, true);
    const image = file.subarray(at, at + length);
    assertEquals(searchable(image).indexOf("PNG\r\n"), 1);
    assertEquals(searchable(image).lastIndexOf("IEND"), length - 8);
    assertEquals(file[6 + 16 * i], view.getUint32(at + 16) & 0xff);
    return [view.getUint32(at + 16), view.getUint32(at + 20)];
  });
  assertEquals(sizes, [[16, 16], [32, 32], [48, 48], [256, 256]]);
});
