/**
 * Reading one file out of a zip archive.
 *
 * @module
 */
import { crc32 } from "node:zlib";

/** The archive is damaged, or has no such file; the message says which. */
export class ZipError extends Error {}

/** Signatures and sizes of the records that are read. */
const END = { signature: 0x0605_4b50, size: 22 };
const ENTRY = { signature: 0x0201_4b50, size: 46 };
const LOCAL = { signature: 0x0403_4b50, size: 30 };

/** How a file may be stored. */
const STORED = 0;
const DEFLATED = 8;

/**
 * Reads a file out of an archive, and checks it against its checksum.
 *
 * @param archive The archive's bytes.
 * @param name The file's path in it.
 * @throws {ZipError} Where it cannot be read.
 */
export async function readFromZip(
  archive: Uint8Array<ArrayBuffer>,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  const record = (at: number, kind: typeof END) => {
    if (
      at < 0 || at + kind.size > archive.length ||
      view.getUint32(at, true) !== kind.signature
    ) throw new ZipError("it is damaged");
    return new DataView(view.buffer, view.byteOffset + at, kind.size);
  };
  const end = record(findEnd(view), END);
  let at = end.getUint32(16, true);
  const names: string[] = [];
  for (let left = end.getUint16(10, true); left > 0; left--) {
    const entry = record(at, ENTRY);
    const nameSize = entry.getUint16(28, true);
    const start = at + ENTRY.size;
    names.push(
      new TextDecoder().decode(archive.subarray(start, start + nameSize)),
    );
    if (names.at(-1) === name) {
      const local = entry.getUint32(42, true);
      const header = record(local, LOCAL);
      const from = local + LOCAL.size + header.getUint16(26, true) +
        header.getUint16(28, true);
      const stored = archive.subarray(from, from + entry.getUint32(20, true));
      const data = await expand(stored, entry.getUint16(10, true));
      if (
        data.length !== entry.getUint32(24, true) ||
        crc32(data) !== entry.getUint32(16, true)
      ) throw new ZipError("it is damaged");
      return data;
    }
    at = start + nameSize + entry.getUint16(30, true) +
      entry.getUint16(32, true);
  }
  throw new ZipError(
    `it has no ${name}, but ${names.join(", ") || "nothing"}`,
  );
}

/** Where the last record begins: a comment of any length may follow it. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - END.size - 0xffff);
  for (let at = view.byteLength - END.size; at >= first; at--) {
    if (view.getUint32(at, true) === END.signature) return at;
  }
  throw new ZipError("it is no zip archive, or cut off");
}

async function expand(
  stored: Uint8Array<ArrayBuffer>,
  method: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (method === STORED) return stored;
  if (method !== DEFLATED) {
    throw new ZipError(`it is compressed in an unknown way (${method})`);
  }
  const expanded = new Blob([stored]).stream().pipeThrough(
    new DecompressionStream("deflate-raw"),
  );
  try {
    return new Uint8Array(await new Response(expanded).arrayBuffer());
  } catch {
    throw new ZipError("it is damaged");
  }
}
