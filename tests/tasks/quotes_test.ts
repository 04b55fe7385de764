import { assertEquals } from "@std/assert";
import { renewQuotations } from "../../tasks/quotes/page.ts";

const FILES: Record<string, string> = {
  "net/close.ts": "one();\n\n  two();\n  three();\n\nagain();\nagain();\n",
};
const read = (path: string) => FILES[path];

/** A page that quotes a passage. */
function quoting(line: number, passage: string, colon = ":"): string {
  return `Text, [\`net/close.ts:${line}\`](../net/close.ts#L${line})${colon}\n\n` +
    `\`\`\`ts\n${passage}\n\`\`\`\n\nMore text.\n`;
}

Deno.test("a quotation that stands at its line stays as it is", () => {
  const page = quoting(3, "two();\nthree();");
  assertEquals(renewQuotations(page, read), {
    text: page,
    renewed: [],
    lost: [],
  });
});

Deno.test("a quotation whose line has moved gets the right one, also after a Chinese colon", () => {
  for (const colon of [":", "："]) {
    const { text, renewed, lost } = renewQuotations(
      quoting(9, "two();\nthree();", colon),
      read,
    );
    assertEquals(text, quoting(3, "two();\nthree();", colon));
    assertEquals(renewed, ["net/close.ts:9 stands at line 3"]);
    assertEquals(lost, []);
  }
});

Deno.test("a quotation that is gone, or stands more than once, is left as it is and named", () => {
  for (
    const [passage, where] of [
      ["four();", "nowhere"],
      ["three();\ntwo();", "nowhere"],
      ["again();", "at the lines 6, 7"],
    ]
  ) {
    const page = quoting(6, passage);
    const { text, renewed, lost } = renewQuotations(page, read);
    assertEquals([text, renewed], [page, []]);
    assertEquals(lost, [`net/close.ts:6 stands ${where}:\n${passage}`]);
  }
});

Deno.test("a whole file that has changed is shown as it is now", () => {
  const showing = (content: string) =>
    `[\`net/close.ts\`](../net/close.ts):\n\n\`\`\`ts\n${content}\`\`\`\n`;
  const { text, renewed, lost } = renewQuotations(showing("old();\n"), read);
  assertEquals(text, showing(FILES["net/close.ts"]));
  assertEquals(renewed, ["net/close.ts has changed"]);
  assertEquals(lost, []);
  assertEquals(renewQuotations(text, read).renewed, []);
});
