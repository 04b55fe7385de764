/**
 * Untrusted bytes, made safe to print on a terminal.
 *
 * @module
 */
import { plural } from "./format.ts";

/** The most that is shown of a datagram, in characters. */
const LONGEST = 1024;

/** Control and formatting characters, one or more of the same. */
const UNPRINTABLE = /([\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\ufffd])\1*/gu;

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Up to so many of the same are shown one by one. */
const FEW = 3;

/**
 * Untrusted text as one line that cannot move the cursor, change colours or forge
 * another line: control and formatting characters are escaped, a run of the same
 * one is shown once, with its length.
 */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE, (run: string, character: string) => {
    const escaped = `\\u{${character.codePointAt(0)!.toString(16)}}`;
    const length = run.length / character.length;
    return length > FEW
      ? `${escaped} (${length} times)`
      : escaped.repeat(length);
  });
}

/**
 * A datagram as a line of text, as {@linkcode oneLine} shows it, up to its first
 * NUL: a C program's text ends there, and what follows is often the rest of its
 * buffer, of which only the size is shown. Bytes that are not UTF-8 are shown as
 * `\u{fffd}`.
 */
export function printable(data: Uint8Array): string {
  const end = data.indexOf(0);
  const content = end === -1 ? data : data.subarray(0, end);
  // No character of UTF-8 has more than four bytes.
  const characters = [
    ...DECODER.decode(content.subarray(0, LONGEST * 4)),
  ];
  const shown = oneLine(characters.slice(0, LONGEST).join(""));
  if (characters.length > LONGEST) {
    return `${shown}... (${plural(data.length, "byte")})`;
  }
  if (end === -1) return shown;
  const rest = following(data.length - end, end);
  return shown === "" ? `(${rest})` : `${shown} (${rest})`;
}

/** What follows the text of a datagram: a NUL, and more. */
function following(size: number, textSize: number): string {
  const bytes = textSize === 0
    ? plural(size, "byte")
    : plural(size, "more byte");
  return `${bytes}, ${size === 1 ? "a NUL" : "from a NUL on"}`;
}
