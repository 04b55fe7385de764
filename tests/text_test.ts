import { assertEquals } from "@std/assert";
import { printable } from "../cli/printable.ts";
import { formatDuration } from "../cli/figures.ts";
import { textLines } from "../cli/text.ts";
import { bytes } from "./setup.ts";

Deno.test("printable() says that a long datagram is cut, also where escapes make it longer", () => {
  assertEquals(printable(bytes("a".repeat(1024))), "a".repeat(1024));
  assertEquals(
    printable(bytes("a".repeat(1025))),
    `${"a".repeat(1024)}… (1025 bytes)`,
  );
  assertEquals(
    printable(new Uint8Array(5000)),
    `${"\\u{0}".repeat(1024)}… (5000 bytes)`,
  );
});

Deno.test("printable() escapes what is not UTF-8", () => {
  assertEquals(printable(new Uint8Array([0x61, 0xff, 0x62])), "a\\u{fffd}b");
});

Deno.test("formatDuration() gives three digits and the unit that fits", () => {
  assertEquals(
    [0.25, 27.04, 999.4, 999.6, 12_345, 999_600, 61_000_000].map(
      formatDuration,
    ),
    ["0.250 µs", "27.0 µs", "999 µs", "1.00 ms", "12.3 ms", "1.00 s", "61.0 s"],
  );
});

Deno.test("a summary counts one datagram and many datagrams as one says it", () => {
  const summary = (datagrams: number) =>
    textLines({
      event: "summary",
      datagrams_received: datagrams,
      datagrams_sent: datagrams,
      bytes_received: datagrams,
      bytes_sent: datagrams,
      rejected: 0,
      faults: 0,
      duration_us: 1000,
    }, { teaching: false, transport: "UDP", ascii: false })[0];
  assertEquals(
    summary(1),
    "Stopped after 1.00 ms: 1 datagram (1 byte) received, 1 (1 byte) sent, 0 rejected",
  );
  assertEquals(
    summary(2),
    "Stopped after 1.00 ms: 2 datagrams (2 bytes) received, 2 (2 bytes) sent, 0 rejected",
  );
});
