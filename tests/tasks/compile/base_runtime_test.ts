import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { checkBase, unpackBase } from "../../../tasks/compile/base_runtime.ts";
import { TARGETS } from "../../../tasks/compile/target.ts";
import { TaskError } from "../../../tasks/task.ts";
import { bytes } from "../../setup/bytes.ts";
import { standIn } from "../../setup/stand_in.ts";
import { zipOf } from "../../setup/zip.ts";

const TARGET = TARGETS["linux-arm64"];
const NAME = "denort-aarch64-unknown-linux-gnu.zip";
const ARCHIVE = zipOf("denort", standIn(TARGET.triple));

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data);
  return new Uint8Array(digest).toHex();
}

/** A test of a folder of archives. */
function folderTest(
  name: string,
  files: () => Promise<Record<string, Uint8Array>>,
  fn: (from: string, into: string) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const [from, into] = [join(folder, "from"), join(folder, "into")];
      await Deno.mkdir(from);
      await Deno.mkdir(into);
      for (const [path, data] of Object.entries(await files())) {
        await Deno.writeFile(join(from, path), data);
      }
      await fn(from, into);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** A test of a folder that is refused, with the message for it. */
function refusedTest(
  name: string,
  files: Record<string, Uint8Array>,
  message: string,
): void {
  folderTest(name, () => Promise.resolve(files), async (from, into) => {
    const error = await assertRejects(
      () => unpackBase(from, TARGET, into),
      TaskError,
    );
    assertEquals(
      (error as TaskError).message.replaceAll(join(from, "/"), ""),
      message,
    );
    assertEquals([...Deno.readDirSync(into)], []);
  });
}

folderTest(
  "unpackBase() unpacks an archive of which there is no checksum",
  () => Promise.resolve({ [NAME]: ARCHIVE }),
  async (from, into) => {
    const path = await unpackBase(from, TARGET, into);
    assertEquals(await Deno.readFile(path), standIn(TARGET.triple));
  },
);

folderTest(
  "unpackBase() unpacks an archive that is what SHA256SUMS lists, in either way of writing it",
  async () => ({ [NAME]: ARCHIVE, "SHA256SUMS": bytes(await sums("  ")) }),
  async (from, into) => {
    const path = await unpackBase(from, TARGET, into);
    assertEquals(await Deno.readFile(path), standIn(TARGET.triple));
    const list = (await sums(" *")).toUpperCase().replace(
      NAME.toUpperCase(),
      NAME,
    ).replaceAll("\n", "\r\n");
    await Deno.writeTextFile(join(from, "SHA256SUMS"), list);
    assertEquals(await unpackBase(from, TARGET, into), path);
  },
);

async function sums(between: string): Promise<string> {
  const other = `${"0".repeat(64)}${between}another.zip\n`;
  return `${other}${await sha256(ARCHIVE)}${between}${NAME}\n`;
}

refusedTest(
  "unpackBase() says where an archive that is missing comes from",
  {},
  `${NAME} is not there: it comes from the release of Deno ${Deno.version.deno}`,
);

refusedTest(
  "unpackBase() refuses an archive that is not what SHA256SUMS lists",
  {
    [NAME]: ARCHIVE,
    "SHA256SUMS": bytes(`${"0".repeat(64)}  ${NAME}\n`),
  },
  `${NAME} is not what SHA256SUMS lists: its SHA-256 is ${await sha256(
    ARCHIVE,
  )}, not ${"0".repeat(64)}`,
);

refusedTest(
  "unpackBase() refuses an archive that SHA256SUMS does not list",
  {
    [NAME]: ARCHIVE,
    "SHA256SUMS": bytes(`${await sha256(ARCHIVE)}  another.zip\n`),
  },
  `SHA256SUMS does not list ${NAME}`,
);

refusedTest(
  "unpackBase() refuses a SHA256SUMS that is none, and says which line",
  {
    [NAME]: ARCHIVE,
    "SHA256SUMS": bytes(`${await sha256(ARCHIVE)}  ${NAME}\n# a remark\n`),
  },
  "SHA256SUMS, line 2: not a SHA-256 checksum and a file's name",
);

refusedTest(
  "unpackBase() refuses an archive that was cut off",
  { [NAME]: ARCHIVE.slice(0, -30) },
  `${NAME} cannot be unpacked: it is no zip archive, or cut off`,
);

refusedTest(
  "unpackBase() refuses an archive without a base runtime",
  { [NAME]: zipOf("deno", standIn(TARGET.triple)) },
  `${NAME} cannot be unpacked: it has no denort, but deno`,
);

refusedTest(
  "unpackBase() refuses a base runtime for another processor",
  { [NAME]: zipOf("denort", standIn(TARGETS.linux.triple)) },
  `${NAME} is for x86_64-unknown-linux-gnu, and aarch64-unknown-linux-gnu is wanted`,
);

refusedTest(
  "unpackBase() refuses what is no program",
  { [NAME]: zipOf("denort", bytes("not found")) },
  `${NAME} is no program, and aarch64-unknown-linux-gnu is wanted`,
);

Deno.test("checkBase() says that a file is missing, or for another system", async () => {
  await assertRejects(
    () => checkBase("/does/not/exist", TARGET),
    TaskError,
    "/does/not/exist is not there",
  );
  await assertRejects(
    () => checkBase(Deno.execPath(), TARGETS["macos-x64"]),
    TaskError,
    `is for ${Deno.build.target}, and x86_64-apple-darwin is wanted`,
  );
});
