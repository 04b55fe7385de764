/**
 * Foreign bytes on a terminal.
 *
 * @module
 */

/** The longest text that is shown of a datagram, in characters. */
const LONGEST = 1024;

/**
 * Foreign text as one line in which nothing can move the cursor, change colours
 * or forge another line: control and formatting characters are shown escaped.
 */
export function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\ufffd]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/**
 * A datagram as a line of text in which nothing can move the cursor, change
 * colours or forge a line: control and formatting characters, and bytes that
 * are not UTF-8, are shown escaped.
 */
export function printable(data: Uint8Array): string {
  // No character of UTF-8 has more than four bytes.
  const characters = [
    ...new TextDecoder().decode(data.subarray(0, LONGEST * 4)),
  ];
  const shown = oneLine(characters.slice(0, LONGEST).join(""));
  return characters.length > LONGEST
    ? `${shown}… (${data.length} bytes)`
    : shown;
}
