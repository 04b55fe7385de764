/**
 * What the sizes of a sweep came to, as a table of text.
 *
 * @module
 */
// @ts-types="./colors.d.ts"
import { dim, red } from "@std/fmt/colors";
import type { SweptSize } from "../../events/line.ts";
import {
  formatByteRate,
  formatDuration,
  formatRate,
  formatShare,
} from "../../text/format.ts";

type Cell = (swept: SweptSize) => string | undefined;

/** A line of headings and one for each size; columns without any figure are left out. */
export function sweepTable(sizes: readonly SweptSize[]): string[] {
  const isAnswered = sizes.some(({ bytes_received }) => bytes_received > 0);
  const all: [title: string, cell: Cell][] = [
    ["bytes", ({ size }) => String(size)],
    [
      "lost",
      ({ lost, messages_sent }) =>
        lost
          ? `${lost} (${formatShare(lost, messages_sent)})`
          : lost?.toString(),
    ],
    ["p50", ({ rtt_us }) => formatted(rtt_us?.p50, formatDuration)],
    ["p99", ({ rtt_us }) => formatted(rtt_us?.p99, formatDuration)],
    [
      "messages/s",
      ({ messages_per_second }) => formatted(messages_per_second, formatRate),
    ],
    isAnswered
      ? [
        "in",
        (swept) => formatted(swept.received_bytes_per_second, formatByteRate),
      ]
      : [
        "out",
        (swept) => formatted(swept.sent_bytes_per_second, formatByteRate),
      ],
    ["", ({ passed }) => passed ? undefined : "failed"],
  ];
  const columns = all.map(([title, cell]) => {
    const texts = sizes.map((swept) => cell(swept) ?? "");
    const width = Math.max(...[title, ...texts].map(({ length }) => length));
    return { title, texts, width };
  }).filter(({ texts }) => texts.some((text) => text !== ""));
  const line = (read: (column: typeof columns[number]) => string) => {
    const cells = columns.map((column) => read(column).padStart(column.width));
    return `  ${cells.join("  ")}`.trimEnd();
  };
  return [
    dim(line(({ title }) => title)),
    ...sizes.map(({ passed }, i) => {
      const text = line(({ texts }) => texts[i]);
      return passed ? text : red(text);
    }),
  ];
}

function formatted(
  figure: number | undefined,
  format: (figure: number) => string,
): string | undefined {
  return figure === undefined ? undefined : format(figure);
}
