import { assertEquals, assertThrows } from "@std/assert";
import { canonicalAddress, formatAddress } from "../../net/address.ts";
import { allowList } from "../../net/allow_list.ts";
import { Backoff } from "../../net/backoff.ts";
import { CHARGEN_CYCLE } from "../../net/chargen.ts";
import { EchosounderError } from "../../net/errors.ts";
import { resolveHost } from "../../net/resolve.ts";
import { assertRejects } from "@std/assert";
import { text } from "../setup/bytes.ts";

Deno.test("allowList() allows IPv4 peers inside a block and no others", () => {
  const allowed = allowList(["192.0.2.0/25", "198.51.100.7"]);
  assertEquals(
    [
      "192.0.2.1",
      "192.0.2.127",
      "192.0.2.128",
      "198.51.100.7",
      "198.51.100.8",
      "::1",
    ]
      .map(allowed),
    [true, true, false, true, false, false],
  );
});

Deno.test("allowList() allows IPv6 peers inside a block and no others", () => {
  const allowed = allowList(["2001:db8::/32"]);
  assertEquals(
    ["2001:db8::1", "2001:db8:ffff::", "2001:db9::1", "192.0.2.1"].map(allowed),
    [true, true, false, false],
  );
});

Deno.test("allowList() compares an IPv4-mapped peer with the IPv4 blocks", () => {
  const allowed = allowList(["192.0.2.0/24"]);
  assertEquals(allowed("::ffff:192.0.2.9"), true);
  assertEquals(allowed("::ffff:192.0.3.9"), false);
});

Deno.test("allowList() without a block allows everyone", () => {
  assertEquals(allowList([])("203.0.113.1"), true);
});

for (
  const wrong of [
    "",
    "localhost",
    "192.0.2.0/33",
    "192.0.2/24",
    "::/129",
    "1.2.3.4/",
    "::1/1/1",
  ]
) {
  Deno.test(`allowList() refuses "${wrong}"`, () => {
    const error = assertThrows(() => allowList([wrong]), EchosounderError);
    assertEquals(error.code, "invalid-option");
  });
}

Deno.test("formatAddress() puts IPv6 into brackets", () => {
  assertEquals(formatAddress("::1", 7000), "[::1]:7000");
  assertEquals(formatAddress("127.0.0.1", 7000), "127.0.0.1:7000");
});

Deno.test("canonicalAddress() has one spelling for each address", () => {
  assertEquals(canonicalAddress("0:0::0:1"), "::1");
  assertEquals(canonicalAddress("::ffff:127.0.0.1"), "127.0.0.1");
  assertEquals(canonicalAddress("fe80::1%2"), canonicalAddress("fe80::1%eth0"));
});

Deno.test("Backoff doubles up to its limit and starts again after a success", () => {
  const backoff = new Backoff(5, 15);
  assertEquals([backoff.next(), backoff.next(), backoff.next()], [5, 10, 15]);
  backoff.reset();
  assertEquals(backoff.next(), 5);
});

Deno.test("the chargen text is 95 lines of 72 characters, each shifted by one", () => {
  const lines = text(CHARGEN_CYCLE).split("\r\n");
  assertEquals(lines.pop(), "");
  assertEquals(lines.length, 95);
  assertEquals(lines[0].slice(0, 5), ` !"#$`);
  assertEquals(lines[94].slice(0, 3), "~ !");
  for (const [i, line] of lines.entries()) {
    assertEquals(line.length, 72);
    assertEquals(line.slice(1), lines[(i + 1) % 95].slice(0, 71));
  }
});

Deno.test("resolveHost() names the family that is missing", async () => {
  const error = await assertRejects(
    () => resolveHost("127.0.0.1", { family: 6 }),
    EchosounderError,
  );
  assertEquals(error.code, "cannot-resolve");
});

Deno.test("resolveHost() stops when its signal aborts", async () => {
  const error = await assertRejects(
    () => resolveHost("localhost", { signal: AbortSignal.abort() }),
    EchosounderError,
  );
  assertEquals(error.code, "stopped");
});
