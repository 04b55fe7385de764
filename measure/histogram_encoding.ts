/**
 * Decoding an HdrHistogram (V2, compressed, base64) from an untrusted source: its
 * size and header are checked before memory is spent on them.
 *
 * The format: a cookie, a length, and that many bytes of zlib. These hold a
 * cookie, the length of the counts in bytes, an unused word, the digits, the
 * lowest and the highest value, an unused word, and the counts by index, each as
 * a ZigZag LEB128 number of up to nine bytes; a negative one is a run of zeros.
 *
 * @module
 */

/** The parameters that an encoded histogram must have to be added to the reader's. */
export interface HistogramRange {
  /** The lowest delay that can be told apart from 0. */
  lowest: number;
  /** The highest delay that can be counted. */
  highest: number;
  /** Significant digits. */
  digits: number;
  /** Number of counts. */
  length: number;
}

const COMPRESSED_COOKIE = 0x1c849304;
const COOKIE = 0x1c849303;
/** Bits of a cookie for the word size, which V2 does not use. */
const WORD_SIZE = 0xf0;

const COMPRESSED_HEADER = 8;
const HEADER = 40;
const LONGEST_NUMBER = 9;

/** The most bytes, beyond a share, that zlib adds to incompressible data. */
const ZLIB_OVERHEAD = 64;

/** Bytes inflated at a time: they become at most about a thousand times as many. */
const INFLATED_AT_ONCE = 1024;

/** The most bytes that header and counts can have, inflated. */
function largestInflated({ length }: HistogramRange): number {
  return HEADER + length * LONGEST_NUMBER;
}

/** The longest text that can be an encoded histogram of a range. */
export function longestEncoded(range: HistogramRange): number {
  const inflated = largestInflated(range);
  const compressed = COMPRESSED_HEADER + inflated + inflated / 1000 +
    ZLIB_OVERHEAD;
  return 4 * Math.ceil(compressed / 3);
}

/**
 * The nonzero counts of an encoded histogram, by index.
 *
 * @throws {TypeError} When it is not a histogram of this range, with the reason.
 */
export async function decodeCounts(
  encoded: string,
  range: HistogramRange,
): Promise<[index: number, count: number][]> {
  const longest = longestEncoded(range);
  if (encoded.length > longest) {
    throw new TypeError(
      `it has ${encoded.length} characters, and can have ${longest} at most`,
    );
  }
  const data = bytesOf(encoded);
  if (
    data.length < COMPRESSED_HEADER ||
    !hasCookie(viewOf(data), COMPRESSED_COOKIE)
  ) {
    throw new TypeError("it is not a compressed HdrHistogram (V2)");
  }
  const end = COMPRESSED_HEADER + viewOf(data).getUint32(4);
  if (end > data.length) throw new TypeError("it is cut short");
  const inflated = await inflate(
    data.subarray(COMPRESSED_HEADER, end),
    largestInflated(range),
  );
  checkHeader(inflated, range);
  return readCounts(inflated.subarray(HEADER), range.length);
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

function hasCookie(view: DataView, cookie: number): boolean {
  return (view.getUint32(0) & ~WORD_SIZE) === cookie;
}

function bytesOf(encoded: string): Uint8Array<ArrayBuffer> {
  let characters: string;
  try {
    characters = atob(encoded);
  } catch {
    throw new TypeError("it is not base64");
  }
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

/** Inflates piece by piece, and stops at the limit. */
async function inflate(
  data: Uint8Array<ArrayBuffer>,
  most: number,
): Promise<Uint8Array> {
  let at = 0;
  const pieces = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (at >= data.length) return controller.close();
      controller.enqueue(data.subarray(at, at += INFLATED_AT_ONCE));
    },
  }, { highWaterMark: 0 });
  const reader = pieces.pipeThrough(new DecompressionStream("deflate"))
    .getReader();
  const inflated = new Uint8Array(most);
  let length = 0;
  while (true) {
    let piece;
    try {
      piece = await reader.read();
    } catch {
      throw new TypeError("it cannot be inflated");
    }
    if (piece.done) return inflated.subarray(0, length);
    if (length + piece.value.length > most) {
      await reader.cancel();
      throw new TypeError(`it inflates to more than ${most} bytes`);
    }
    inflated.set(piece.value, length);
    length += piece.value.length;
  }
}

function checkHeader(
  inflated: Uint8Array,
  { lowest, highest, digits }: HistogramRange,
): void {
  const view = viewOf(inflated);
  if (inflated.length < HEADER || !hasCookie(view, COOKIE)) {
    throw new TypeError("there is no HdrHistogram (V2) in it");
  }
  if (view.getUint32(4) !== inflated.length - HEADER) {
    throw new TypeError("it does not hold what its header says");
  }
  if (
    view.getUint32(12) !== digits ||
    view.getBigUint64(16) !== BigInt(lowest) ||
    view.getBigUint64(24) !== BigInt(highest)
  ) {
    throw new TypeError(
      `it is not of ${lowest} to ${highest} at ${digits} digits`,
    );
  }
}

function readCounts(
  data: Uint8Array,
  length: number,
): [index: number, count: number][] {
  const counts: [index: number, count: number][] = [];
  let total = 0;
  let index = 0;
  for (let at = 0; at < data.length;) {
    let number = 0;
    for (let digit = 0; digit < LONGEST_NUMBER; digit++) {
      if (at === data.length) {
        throw new TypeError("its last count is cut short");
      }
      const byte = data[at++];
      const isLast = digit === LONGEST_NUMBER - 1;
      number += (isLast ? byte : byte & 0x7f) * 2 ** (7 * digit);
      if (byte < 0x80) break;
    }
    const isZeros = number % 2 === 1;
    const count = Math.ceil(number / 2);
    index += isZeros ? count : 1;
    if (!isZeros) total += count;
    if (
      !Number.isSafeInteger(number) || !Number.isSafeInteger(total)
    ) {
      throw new TypeError("it counts more than can be counted exactly");
    }
    if (index > length) {
      throw new TypeError(`it has more than ${length} counts`);
    }
    if (!isZeros && count > 0) counts.push([index - 1, count]);
  }
  return counts;
}
