/**
 * The key of authenticated mode, which never stands on a command line.
 *
 * @module
 */
import { UsageError } from "./command_line/values.ts";

/** The most bytes that are taken for a key. */
const LONGEST_KEY = 4096;

const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];

/**
 * Reads a key to the end of standard input: its bytes as they are, without the
 * line break at their end.
 *
 * @param source `-`, or nothing where no key is asked for: then nothing is read.
 * @throws {UsageError} Where there is none, or far more.
 */
export async function readAuthKey(
  source: "-" | undefined,
): Promise<Uint8Array | undefined> {
  if (source === undefined) return undefined;
  const bytes: number[] = [];
  for await (const piece of Deno.stdin.readable) {
    bytes.push(...piece.subarray(0, LONGEST_KEY + 1));
    if (bytes.length > LONGEST_KEY) {
      throw new UsageError(
        `--auth-key-file: standard input has more than ${LONGEST_KEY} bytes, which is no key`,
      );
    }
  }
  if (bytes.at(-1) === LINE_FEED) bytes.pop();
  if (bytes.at(-1) === CARRIAGE_RETURN) bytes.pop();
  if (bytes.length === 0) {
    throw new UsageError("--auth-key-file: standard input has no key");
  }
  return Uint8Array.from(bytes);
}
