/**
 * Bytes to send, and what to do with them.
 *
 * @module
 */

/** Text as bytes. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes as text. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** Random bytes. */
export function noise(size: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) {
    crypto.getRandomValues(data.subarray(at, at + 65_536));
  }
  return data;
}

/** Writes a whole piece. */
export async function writeAll(
  conn: Deno.Conn,
  data: Uint8Array,
): Promise<void> {
  for (let at = 0; at < data.length;) {
    at += await conn.write(data.subarray(at));
  }
}

/** Reads so many bytes, or to the end where there are fewer. */
export async function read(
  conn: Deno.Conn,
  size = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < size) {
    const buffer = new Uint8Array(Math.min(size - length, 262_144));
    const count = await conn.read(buffer);
    if (count === null) break;
    pieces.push(buffer.subarray(0, count));
    length += count;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
