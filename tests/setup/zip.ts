/**
 * Zip archives, as tests need them.
 *
 * @module
 */
import { concat } from "@std/bytes/concat";
import { crc32, deflateRawSync } from "node:zlib";

/** An archive of one file. */
export function zipOf(
  name: string,
  data: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name);
  const stored = new Uint8Array(deflateRawSync(data));
  // The fields that both headers of a file have.
  const file = record(26, {
    0: 20,
    4: 8,
    10: crc32(data) & 0xffff,
    12: crc32(data) >>> 16,
    14: stored.length & 0xffff,
    16: stored.length >>> 16,
    18: data.length & 0xffff,
    20: data.length >>> 16,
    22: path.length,
  });
  const local = [record(4, { 0: 0x4b50, 2: 0x0403 }), file, path, stored];
  const entry = [
    record(6, { 0: 0x4b50, 2: 0x0201, 4: 20 }),
    file,
    record(14, {}),
    path,
  ];
  const start = concat(local).length;
  const size = concat(entry).length;
  const end = record(22, {
    0: 0x4b50,
    2: 0x0605,
    8: 1,
    10: 1,
    12: size & 0xffff,
    14: size >>> 16,
    16: start & 0xffff,
    18: start >>> 16,
  });
  return concat([...local, ...entry, end]) as Uint8Array<ArrayBuffer>;
}

/** Bytes with 16-bit numbers at offsets. */
function record(size: number, fields: Record<number, number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  for (const [at, value] of Object.entries(fields)) {
    view.setUint16(Number(at), value, true);
  }
  return new Uint8Array(view.buffer);
}
