/**
 * Makes the README's picture of a terminal, from a real run.
 *
 * @module
 */
import { ROOT } from "../setup/process.ts";
import { isInstalled } from "../setup/where.ts";
import { HAS_LAB, Lab, LAB_NEEDS } from "./lab.ts";

/** What is typed, and what the picture shows of it. */
const COMMAND =
  'udp-client testbox --rate 1000 --duration 5s --expect "p99<20ms" --expect "loss<=1%"';
const PICTURE = `${ROOT}docs/terminal.svg`;

/** The terminal's colours, by the number of their escape sequence. */
const COLOURS: Record<string, string> = {
  "1": "font-weight:bold",
  "2": "fill:#8b949e",
  "31": "fill:#ff7b72",
  "32": "fill:#56d364",
  "33": "fill:#e3b341",
};
const ESCAPE = "\x1b[";

const CELL = { width: 8.4, height: 19 };
const MARGIN = 20;
const TITLE_BAR = 34;
const BACKGROUND = "#0d1117";
const FOREGROUND = "#e6edf3";

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** Eighths of a cell, from one to all, as bars are drawn with them. */
const EIGHTHS = "▏▎▍▌▋▊▉█";

/** Bars, and words with one space between them: what a picture has to place. */
const PIECES = new RegExp(
  `[${EIGHTHS}]+|[^ ${EIGHTHS}]+(?: [^ ${EIGHTHS}]+)*`,
  "g",
);

function drawnPiece(piece: string, column: number, row: number): string {
  const x = (MARGIN + column * CELL.width).toFixed(1);
  const y = TITLE_BAR + MARGIN + row * CELL.height;
  if (EIGHTHS.includes(piece[0])) {
    const eighths = [...piece].map((cell) => EIGHTHS.indexOf(cell) + 1);
    const width = eighths.reduce((sum, more) => sum + more) / 8 * CELL.width;
    return `<rect x="${x}" y="${y - 12}" width="${
      width.toFixed(1)
    }" height="15"/>`;
  }
  const width = ([...piece].length * CELL.width).toFixed(1);
  return `<text x="${x}" y="${y}" textLength="${width}">${
    escaped(piece)
  }</text>`;
}

/** The parts of a line, each with the number of the colour before it. */
function coloured(line: string): [string, string][] {
  return `0m${line}`.split(ESCAPE)
    .map((part) => {
      const end = part.indexOf("m");
      return [part.slice(0, end), part.slice(end + 1)];
    });
}

/** A line of a terminal, each piece of it in its cells and its colour. */
function drawnLine(line: string, row: number): string {
  let column = 0;
  let drawn = "";
  for (const [code, text] of coloured(line)) {
    const style = COLOURS[code] ?? "";
    const pieces = [...text.matchAll(PIECES)].map(({ 0: piece, index }) =>
      drawnPiece(piece, column + index, row)
    ).join("\n");
    if (pieces !== "") {
      drawn += style === "" ? pieces : `<g style="${style}">${pieces}</g>`;
      drawn += "\n";
    }
    column += text.length;
  }
  return drawn;
}

/** Lines of a terminal, as a picture. */
function drawnTerminal(lines: string[]): string {
  const columns = Math.max(
    ...lines.map((line) =>
      coloured(line).reduce((sum, [, text]) => sum + text.length, 0)
    ),
  );
  const width = Math.ceil(2 * MARGIN + columns * CELL.width);
  const height = TITLE_BAR + MARGIN + lines.length * CELL.height;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map((colour, i) =>
    `<circle cx="${20 + 20 * i}" cy="18" r="6" fill="${colour}"/>`
  ).join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>A result of udp-client in a terminal</title>
<rect width="${width}" height="${height}" rx="10" fill="${BACKGROUND}"/>
${dots}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="14" fill="${FOREGROUND}">
${lines.map(drawnLine).join("")}</g>
</svg>
`;
}

if (!HAS_LAB || !isInstalled("script")) {
  console.error(`docs:terminal: ${LAB_NEEDS}, and script(1)`);
  Deno.exit(1);
}
/** What the command prints, in a terminal, so that there are colours. */
async function printed(): Promise<string[]> {
  await using lab = new Lab();
  await lab.run("deno task --quiet udp-server &\n");
  // The line of progress, on standard error, is not for a picture.
  const { output } = await lab.run(
    `unset NO_COLOR
cat > typed <<'END'
deno task --quiet ${COMMAND} 2> /dev/null
END
script --quiet --command 'stty cols 78; sh typed' typescript
`,
  );
  return output.replaceAll("\r", "").trim().split("\n");
}

const lines = await printed();
if (lines.some((line) => line.includes("warning:"))) {
  console.error("docs:terminal: this machine is busy, try again");
  Deno.exit(1);
}
await Deno.writeTextFile(
  PICTURE,
  drawnTerminal([`\x1b[2m$\x1b[0m \x1b[1m${COMMAND}\x1b[0m`, ...lines]),
);
console.log(`docs/terminal.svg: ${lines.length} lines`);
