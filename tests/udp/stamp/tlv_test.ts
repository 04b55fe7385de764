/**
 * What follows a packet's fields, against bytes written down by hand from RFC 8972.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { Authentication } from "../../../udp/stamp/authentication.ts";
import {
  extraPadding,
  hasIntegrity,
  hmacTlv,
  reflectTlvs,
  tlvsOf,
} from "../../../udp/stamp/tlv.ts";
import { bytesOf, hex } from "../../setup/hex.ts";

const KEY = new Authentication(new TextEncoder().encode("a key for tests"));

/** What becomes of TLVs after a base packet of four bytes, which is its number. */
function reflected(tlvs: string, key?: Authentication): string {
  const packet = bytesOf("00000007" + tlvs);
  reflectTlvs(packet, 4, bytesOf("00000009"), key);
  return hex(packet.subarray(4));
}

Deno.test("Extra Padding is type 1 with the U flag, and a sender's size in all", () => {
  assertEquals(hex(extraPadding(4)), "80010000");
  assertEquals(hex(extraPadding(10)), "80010006000000000000");
  assertEquals(extraPadding(1428).length, 1428);
  assertThrows(() => extraPadding(3), RangeError);
  assertThrows(() => extraPadding(4 + 65_536), RangeError);
});

Deno.test("Extra Padding is reflected without a flag, an unknown TLV with U", () => {
  assertEquals(reflected("80010002abcd"), "00010002abcd");
  assertEquals(reflected("80c80002abcd"), "80c80002abcd");
  assertEquals(reflected("00c80002abcd"), "80c80002abcd");
  assertEquals(
    reflected("80010001aa 80c80001bb 80010000"),
    "00010001aa80c80001bb00010000",
  );
  // Reserved flags are zeroed.
  assertEquals(reflected("9f010000"), "00010000");
});

Deno.test("a TLV that is longer than the packet is reflected with M, and what follows as it is", () => {
  assertEquals(reflected("80010003abcd"), "40010003abcd");
  assertEquals(reflected("80c8ffffabcd"), "c0c8ffffabcd");
  assertEquals(reflected("80010000 800100"), "00010000400100");
  assertEquals(reflected("80010000 80"), "00010000c0");
});

Deno.test("zeros are a TWAMP Light peer's padding, and stay", () => {
  assertEquals(reflected("0000000000000000000000"), "0000000000000000000000");
});

Deno.test("TLVs with the right HMAC are reflected with an HMAC of the reflector's", () => {
  const packet = bytesOf("00000007 80c80002abcd 80010000");
  const sent = new Uint8Array([...packet, ...hmacTlv(packet, 4, KEY)]);
  reflectTlvs(sent, 4, bytesOf("00000007"), KEY);
  assertEquals(hex(sent.subarray(4, 18)), "80c80002abcd0001000000080010");
  assertEquals(hasIntegrity(sent, 4, sent.subarray(0, 4), KEY), true);
  // Its number is in it.
  sent[3] ^= 1;
  assertEquals(hasIntegrity(sent, 4, sent.subarray(0, 4), KEY), false);
});

Deno.test("in authenticated mode, TLVs without their HMAC are reflected with I, Extra Padding alone is not", () => {
  assertEquals(reflected("80010001aa", KEY), "00010001aa");
  assertEquals(reflected("80c80001aa 80010000", KEY), "a0c80001aa20010000");
  const wrong = "80080010" + "00".repeat(16);
  assertEquals(
    reflected("80c80001aa" + wrong, KEY),
    "a0c80001aa20080010" + "00".repeat(16),
  );
});

Deno.test("an HMAC that does not come last fails, but for Extra Padding after it", () => {
  const packet = bytesOf("00000009 80c80001aa");
  const signed = [...packet, ...hmacTlv(packet, 4, KEY)];
  const sequence = bytesOf("00000009");
  const padded = new Uint8Array([...signed, ...extraPadding(8)]);
  assertEquals(hasIntegrity(padded, 4, sequence, KEY), true);
  const followed = new Uint8Array([...signed, ...bytesOf("80c80000")]);
  assertEquals(hasIntegrity(followed, 4, sequence, KEY), false);
});

Deno.test("without a key, an HMAC is a TLV that nobody knows", () => {
  const tlv = "80080010" + "11".repeat(16);
  assertEquals(reflected(tlv), tlv);
});

Deno.test("reflecting any bytes changes no length, no value, and never throws", () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  fc.assert(fc.property(bytes, fc.boolean(), (tlvs, hasKey) => {
    const before = new Uint8Array([0, 0, 0, 9, ...tlvs]);
    const after = before.slice();
    reflectTlvs(after, 4, before.subarray(0, 4), hasKey ? KEY : undefined);
    const flags = new Set([...tlvsOf(before, 4)].map(({ start }) => start));
    const changed = [...after.keys()].filter((i) => after[i] !== before[i]);
    assertEquals(changed.every((i) => flags.has(i)), true);
  }));
});
