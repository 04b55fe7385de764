import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { createHmac } from "node:crypto";
import { EchosounderError } from "../../../net/errors.ts";
import { Authentication } from "../../../udp/stamp/authentication.ts";
import { bytesOf, hex } from "../../setup/hex.ts";

const text = (value: string) => new TextEncoder().encode(value);

Deno.test("the digest is HMAC-SHA-256, truncated to 128 bits (RFC 4231, test cases 1, 2 and 6)", () => {
  const digest = (key: Uint8Array, data: string) =>
    hex(new Authentication(key).digest(text(data)));
  assertEquals(
    digest(bytesOf("0b".repeat(20)), "Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b",
  );
  assertEquals(
    digest(text("Jefe"), "what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c7",
  );
  assertEquals(
    digest(
      bytesOf("aa".repeat(131)),
      "Test Using Larger Than Block-Size Key - Hash Key First",
    ),
    "60e431591ee0b67f0d8a26aacbf5b77f",
  );
});

Deno.test("a packet's HMAC is the last 16 of its 112 bytes, over all 96 before them", () => {
  const key = new Authentication(text("a key for tests"));
  const packet = Uint8Array.from({ length: 120 }, (_, i) => i);
  key.sign(packet);
  assertEquals(
    hex(packet.subarray(96, 112)),
    hex(key.digest(packet.subarray(0, 96))),
  );
  assertEquals(packet[112], 112);
  assertEquals(key.verify(packet), true);
  for (let i = 0; i < 120; i++) {
    packet[i] ^= 1;
    assertEquals(key.verify(packet), i >= 112, `byte ${i}`);
    packet[i] ^= 1;
  }
  assertEquals(key.verify(packet.subarray(0, 111)), false);
  assertEquals(new Authentication(text("another key")).verify(packet), false);
});

Deno.test("the digest is node:crypto's HMAC, for any key and any pieces of text", () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.array(fc.tuple(bytes(120), bytes(600)), { maxLength: 5 }),
    (key, texts) => {
      const authentication = new Authentication(key);
      for (const [one, other] of texts) {
        assertEquals(
          hex(authentication.digest(one, other)),
          createHmac("sha256", key).update(one).update(other).digest("hex")
            .slice(0, 32),
        );
      }
    },
  ));
});

Deno.test("an empty key is refused", () => {
  assertThrows(
    () => new Authentication(new Uint8Array()),
    EchosounderError,
    "empty",
  );
});
