/**
 * Pages that show passages of this project's files.
 *
 * A link to a file and a line, then a colon and a block of code, is a quotation:
 * the block is what stands at that line, indentation aside. A link to a file alone
 * before a block shows the whole file.
 *
 * @module
 */

/** What a page looks like after its quotations were compared with the files. */
export interface RenewedPage {
  /** The page, with the lines and whole files as they are now. */
  text: string;
  /** What had changed, each in words that name the file and the right line. */
  renewed: string[];
  /** Quotations that stand in their file no more, or more than once. */
  lost: string[];
}

/** [`net/close.ts:16`](../net/close.ts#L16): and its block. */
const QUOTATION =
  /\[`(?<label>[^`\s]+)`\]\(\.\.\/(?<target>[^)\s]+)\)(?<colon>[:：])\n\n(?<fence>```\w+)\n(?<code>[^]*?)(?<=\n)```\n/g;

/**
 * Compares a page's quotations with the files.
 *
 * @param page The page's text; links in it are relative to a folder below the top.
 * @param read Returns the text of a file, by its path from the top.
 */
export function renewQuotations(
  page: string,
  read: (path: string) => string,
): RenewedPage {
  const renewed: string[] = [];
  const lost: string[] = [];
  const text = page.replace(QUOTATION, (whole, ...rest) => {
    const { label, target, colon, fence, code } = rest.at(-1);
    const [path, anchor] = target.split("#");
    const file = read(path);
    if (anchor === undefined) {
      if (file === code) return whole;
      renewed.push(`${path} has changed`);
      return `[\`${path}\`](../${path})${colon}\n\n${fence}\n${file}\`\`\`\n`;
    }
    const lines = linesOf(file, code);
    if (lines.length !== 1) {
      const where = lines.length === 0
        ? "nowhere"
        : `at the lines ${lines.join(", ")}`;
      lost.push(`${label} stands ${where}:\n${code.trimEnd()}`);
      return whole;
    }
    const [line] = lines;
    if (label === `${path}:${line}` && anchor === `L${line}`) return whole;
    renewed.push(`${label} stands at line ${line}`);
    return `[\`${path}:${line}\`](../${path}#L${line})${colon}\n\n${fence}\n${code}\`\`\`\n`;
  });
  return { text, renewed, lost };
}

/** The lines of a file, counted from 1, at which a passage begins. */
function linesOf(file: string, passage: string): number[] {
  const trimmed = (text: string) =>
    text.trimEnd().split("\n").map((line) => line.trim());
  const [all, wanted] = [trimmed(file), trimmed(passage)];
  return all.flatMap((_, start) =>
    wanted.every((line, i) => all[start + i] === line) ? [start + 1] : []
  );
}
