/**
 * The executables' icon: an echo, drawn here: waves that spread from a source to
 * the right, and one that comes back.
 *
 * @module
 */
import { crc32, deflateSync } from "node:zlib";

/** The sizes that Windows shows, in pixels. */
const SIZES = [16, 32, 48, 256];

/** Samples a pixel, each way. */
const SAMPLES = 6;

type Color = [red: number, green: number, blue: number];

const SEA: Color = [13, 71, 112];
const WAVE: Color = [255, 255, 255];
const ECHO: Color = [255, 176, 32];

/** The icon as a file of type `.ico`. */
export function icon(): Uint8Array<ArrayBuffer> {
  const images = SIZES.map((size) => png(draw(size), size));
  const header = new Uint8Array(6 + 16 * images.length);
  const view = new DataView(header.buffer);
  view.setUint16(2, 1, true);
  view.setUint16(4, images.length, true);
  let offset = header.length;
  images.forEach((image, i) => {
    const at = 6 + 16 * i;
    // A size of 256 is written as 0.
    header.fill(SIZES[i] & 0xff, at, at + 2);
    view.setUint16(at + 4, 1, true);
    view.setUint16(at + 6, 32, true);
    view.setUint32(at + 8, image.length, true);
    view.setUint32(at + 12, offset, true);
    offset += image.length;
  });
  return joined([header, ...images]);
}

/** Draws it: red, green, blue and opacity of each pixel, row by row. */
function draw(size: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 4);
  for (let i = 0; i < size * size; i++) {
    const sum = [0, 0, 0, 0];
    for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
      const x = i % size + (sample % SAMPLES + 0.5) / SAMPLES;
      const y = Math.floor(i / size) +
        (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES;
      const color = colorAt(x / size, y / size, size < 32);
      if (color === undefined) continue;
      color.forEach((value, channel) => sum[channel] += value);
      sum[3]++;
    }
    const covered = Math.max(1, sum[3]);
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * i + channel] = Math.round(sum[channel] / covered);
    }
    pixels[4 * i + 3] = Math.round(255 * sum[3] / (SAMPLES * SAMPLES));
  }
  return pixels;
}

/**
 * The colour at a point of the unit square; undefined where it is transparent.
 *
 * @param simple Fewer and wider waves, for a size where more would be a blur.
 */
function colorAt(x: number, y: number, simple: boolean): Color | undefined {
  if (!inRoundedSquare(x, y, 0.2)) return undefined;
  const [sourceX, sourceY] = [simple ? 0.22 : 0.24, 0.5];
  const distance = Math.hypot(x - sourceX, y - sourceY);
  if (distance < (simple ? 0.125 : 0.1)) return WAVE;
  const angle = Math.abs(Math.atan2(y - sourceY, x - sourceX));
  const waves = simple ? [0.29] : [0.23, 0.38];
  const half = simple ? 0.055 : 0.033;
  if (
    angle < Math.PI / 3.4 &&
    waves.some((radius) => Math.abs(distance - radius) < half)
  ) return WAVE;
  // What comes back opens to the other side.
  const echoX = simple ? 1.17 : 1.13;
  const back = Math.hypot(x - echoX, y - sourceY);
  const backAngle = Math.abs(Math.atan2(y - sourceY, echoX - x));
  const radius = simple ? 0.42 : 0.36;
  if (backAngle < Math.PI / 3.6 && Math.abs(back - radius) < half * 1.2) {
    return ECHO;
  }
  return SEA;
}

function inRoundedSquare(x: number, y: number, radius: number): boolean {
  const edge = (value: number) =>
    Math.max(0, Math.abs(value - 0.5) - 0.5 + radius);
  return Math.hypot(edge(x), edge(y)) <= radius;
}

function png(pixels: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const description = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0]);
  const view = new DataView(description.buffer);
  view.setUint32(0, size);
  view.setUint32(4, size);
  // Each row begins with its filter: none.
  const rows = new Uint8Array(size * (size * 4 + 1));
  for (let y = 0; y < size; y++) {
    rows.set(
      pixels.subarray(y * size * 4, (y + 1) * size * 4),
      y * (size * 4 + 1) + 1,
    );
  }
  return joined([
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", description),
    chunk("IDAT", new Uint8Array(deflateSync(rows))),
    chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const all = new Uint8Array(data.length + 12);
  const view = new DataView(all.buffer);
  view.setUint32(0, data.length);
  all.set(new TextEncoder().encode(type), 4);
  all.set(data, 8);
  view.setUint32(data.length + 8, crc32(all.subarray(4, data.length + 8)));
  return all;
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
