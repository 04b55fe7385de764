/**
 * Encoded histograms that no client makes.
 *
 * @module
 */
import { concat } from "@std/bytes/concat";

/** What is wrong with one. */
export interface Forgery {
  /** Its counts; a negative one stands for so many zeros. */
  counts?: number[];
  /** What follows its counts. */
  padding?: Uint8Array<ArrayBuffer>;
  /** What its header says of the counts' length, in bytes. */
  claimed?: number;
  /** Its cookie. */
  cookie?: number;
  /** Its lowest value. */
  lowest?: number;
  /** Its highest value. */
  highest?: number;
  /** Its precision. */
  digits?: number;
  /** What follows the compressed part. */
  tail?: Uint8Array<ArrayBuffer>;
}

/** So many zeros, which compress to a thousandth. */
export function zeros(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length);
}

/** Encodes a histogram with these faults, and otherwise like a client's. */
export async function forgeHistogram(forgery: Forgery): Promise<string> {
  const { counts = [], padding = zeros(0), tail = zeros(0) } = forgery;
  const payload = new Uint8Array(counts.flatMap(zigZag));
  const header = new DataView(new ArrayBuffer(40));
  header.setUint32(0, forgery.cookie ?? 0x1c849313);
  header.setUint32(4, forgery.claimed ?? payload.length);
  header.setUint32(12, forgery.digits ?? 3);
  header.setBigUint64(16, BigInt(forgery.lowest ?? 1));
  header.setBigUint64(24, BigInt(forgery.highest ?? 60_000_000));
  const inside = new Blob([header.buffer, payload, padding]);
  const compressed = await new Response(
    inside.stream().pipeThrough(new CompressionStream("deflate")),
  ).bytes();
  const front = new DataView(new ArrayBuffer(8));
  front.setUint32(0, 0x1c849314);
  front.setUint32(4, compressed.length);
  return concat([new Uint8Array(front.buffer), compressed, tail]).toBase64();
}

/** A count as ZigZag LEB128. */
function zigZag(count: number): number[] {
  let rest = count < 0 ? BigInt(-count) * 2n - 1n : BigInt(count) * 2n;
  const bytes: number[] = [];
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return bytes;
}
