/**
 * Base runtimes of `deno compile` that were brought by hand: zip archives as Deno
 * publishes them, in a folder.
 *
 * @module
 */
import { join } from "node:path";
import { TaskError } from "../task.ts";
import { tripleOf } from "./executable_format.ts";
import type { Target } from "./target.ts";
import { readFromZip, ZipError } from "./zip.ts";

/** The list of checksums that may lie beside the archives. */
const SUMS = "SHA256SUMS";

/**
 * Unpacks the base runtime of a system, after checking its archive.
 *
 * Unpacked here, as Deno leaves that to the program `unzip`, which may be missing,
 * and would want the archive in the user's cache.
 *
 * @param from The folder of archives, `denort-TRIPLE.zip`.
 * @param target The system.
 * @param folder A folder to unpack into.
 * @returns The runtime's path.
 * @throws {TaskError} Where the archive is missing, damaged, not what the list of
 * checksums says, or for another system.
 */
export async function unpackBase(
  from: string,
  target: Target,
  folder: string,
): Promise<string> {
  const name = `denort-${target.triple}.zip`;
  const path = join(from, name);
  const archive = await readIfThere(path);
  if (archive === undefined) {
    throw new TaskError(
      `${path} is not there: it comes from the release of Deno ${Deno.version.deno}`,
    );
  }
  await checkSum(from, name, archive);
  let data: Uint8Array<ArrayBuffer>;
  try {
    data = await readFromZip(archive, `denort${target.suffix}`);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new TaskError(`${path} cannot be unpacked: ${error.message}`);
  }
  checkTarget(path, data, target);
  const output = join(folder, `denort-${target.triple}`);
  await Deno.writeFile(output, data);
  return output;
}

/**
 * Checks that a file that was named as a base runtime is one for a system.
 *
 * @throws {TaskError} Where it is missing, or for another system.
 */
export async function checkBase(path: string, target: Target): Promise<void> {
  const data = await readIfThere(path);
  if (data === undefined) throw new TaskError(`${path} is not there`);
  checkTarget(path, data, target);
}

/** `deno compile` takes a base runtime for one system for any other of its kind. */
function checkTarget(
  path: string,
  data: Uint8Array<ArrayBuffer>,
  target: Target,
): void {
  const found = tripleOf(data);
  if (found === target.triple) return;
  const what = found === undefined ? "no program" : `for ${found}`;
  throw new TaskError(`${path} is ${what}, and ${target.triple} is wanted`);
}

async function readIfThere(
  path: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new TaskError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Compares an archive with the list of checksums, where there is one. */
async function checkSum(
  from: string,
  name: string,
  archive: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const path = join(from, SUMS);
  const list = await readIfThere(path);
  if (list === undefined) return;
  const lines = new TextDecoder().decode(list).split(/\r?\n/);
  const sums = new Map(lines.flatMap((line, index) => {
    if (line === "") return [];
    const match = /^([\da-f]{64}) [ *](.+)$/i.exec(line);
    if (match === null) {
      throw new TaskError(
        `${path}, line ${index + 1}: not a SHA-256 checksum and a file's name`,
      );
    }
    return [[match[2], match[1].toLowerCase()]];
  }));
  const wanted = sums.get(name);
  if (wanted === undefined) {
    throw new TaskError(`${path} does not list ${name}`);
  }
  const digest = await crypto.subtle.digest("SHA-256", archive);
  const found = new Uint8Array(digest).toHex();
  if (found === wanted) return;
  throw new TaskError(
    `${
      join(from, name)
    } is not what ${path} lists: its SHA-256 is ${found}, not ${wanted}`,
  );
}
