/**
 * Figures as people write them, with no more digits than they are good for.
 *
 * @module
 */

/** Three digits. */
function three(number: number): string {
  return number >= 99.95 ? number.toFixed(0) : number.toPrecision(3);
}

/** `250 µs`, `1.25 ms`, `12.5 s`: three digits are what such a time is good for. */
export function formatDuration(microseconds: number): string {
  if (microseconds < 999.5) return `${three(microseconds)} µs`;
  if (microseconds < 999_500) return `${three(microseconds / 1e3)} ms`;
  return `${three(microseconds / 1e6)} s`;
}

const PREFIXES = ["", "k", "M", "G", "T"];

/** `999`, `12.3 k`, `1.05 G`: to be followed by a unit. */
export function formatRate(number: number): string {
  let scaled = number;
  let prefix = 0;
  while (scaled >= 999.5 && prefix < PREFIXES.length - 1) {
    scaled /= 1000;
    prefix++;
  }
  const digits = Number.isInteger(scaled) ? String(scaled) : three(scaled);
  return prefix === 0 ? digits : `${digits} ${PREFIXES[prefix]}`;
}

/** The same in ASCII characters alone. */
export function plain(text: string): string {
  return text.replaceAll("µ", "u");
}

/** `1 client`, `2 clients`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `0.5 %`: a share of a whole, to two digits. */
export function formatShare(part: number, whole: number): string {
  const percent = 100 * part / Math.max(whole, 1);
  return `${Number(percent.toPrecision(2))} %`;
}
