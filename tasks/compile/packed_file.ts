/**
 * A file inside a self-extracting file.
 *
 * @module
 */

/** Its compressed bytes, and how it is recognized when it is unpacked. */
export interface PackedFile {
  /** As gzip writes it. */
  compressed: Uint8Array<ArrayBuffer>;
  /** Its size when unpacked, in bytes. */
  size: number;
  /** Its SHA-256. */
  sha256: Uint8Array<ArrayBuffer>;
  /** What the POSIX utility `cksum` prints for it. */
  checksum: string;
}

/** Packs a file's bytes. */
export async function packFile(
  data: Uint8Array<ArrayBuffer>,
): Promise<PackedFile> {
  const zipped = new Blob([data]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  const digest = await crypto.subtle.digest("SHA-256", data);
  return {
    compressed: new Uint8Array(await new Response(zipped).arrayBuffer()),
    size: data.length,
    sha256: new Uint8Array(digest),
    checksum: posixChecksum(data),
  };
}

/** A packed file's name of its own, by its content. */
export function contentKey({ sha256 }: PackedFile): string {
  return sha256.toHex().slice(0, 16);
}

/** The remainders of each byte, by the polynomial of `cksum`. */
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) {
    crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc;
});

/** What the POSIX utility `cksum` prints for bytes on its standard input. */
export function posixChecksum(data: Uint8Array): string {
  let crc = 0;
  const add = (byte: number) => {
    crc = (crc << 8) ^ REMAINDERS[(crc >>> 24) ^ byte];
  };
  for (let i = 0; i < data.length; i++) add(data[i]);
  for (
    let length = data.length;
    length > 0;
    length = Math.floor(length / 256)
  ) add(length & 0xff);
  return `${~crc >>> 0} ${data.length}`;
}
