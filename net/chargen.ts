/**
 * The character generator's text (RFC 864): lines of 72 printing characters,
 * each line starting one character further on than the line before.
 *
 * @module
 */

const FIRST_PRINTING = 0x20;
const PRINTING_COUNT = 95;
const LINE_LENGTH = 72;

/** One whole cycle of the text: 95 lines of 72 characters and CR LF each. */
export const CHARGEN_CYCLE: Uint8Array<ArrayBuffer> = makeCycle();

function makeCycle(): Uint8Array<ArrayBuffer> {
  const lines = Array.from(
    { length: PRINTING_COUNT },
    (_, line) =>
      String.fromCharCode(
        ...Array.from(
          { length: LINE_LENGTH },
          (_, column) => FIRST_PRINTING + (line + column) % PRINTING_COUNT,
        ),
      ) + "\r\n",
  );
  return new TextEncoder().encode(lines.join(""));
}

/** The most characters that RFC 864 puts into one datagram. */
export const CHARGEN_DATAGRAM_LIMIT = 512;
