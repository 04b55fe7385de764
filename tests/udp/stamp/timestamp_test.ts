import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  decodeErrorEstimate,
  encodeErrorEstimate,
  errorOf,
  estimateOf,
} from "../../../udp/stamp/error_estimate.ts";
import {
  microsecondsBetween,
  readTimestamp,
  type TimestampFormat,
  writeTimestamp,
} from "../../../udp/stamp/timestamp.ts";
import { bytesOf, hex } from "../../setup/hex.ts";

function written(
  seconds: number,
  nanoseconds: number,
  format: TimestampFormat,
) {
  const view = new DataView(new ArrayBuffer(8));
  writeTimestamp(view, 0, { seconds, nanoseconds }, format);
  return hex(new Uint8Array(view.buffer));
}

function read(text: string, format: TimestampFormat) {
  return readTimestamp(new DataView(bytesOf(text).buffer), 0, format);
}

Deno.test("an NTP timestamp counts seconds from 1900 and 2^-32 seconds", () => {
  // The Unix epoch is 0x83AA7E80 seconds after 1900 (RFC 5905, figure 4).
  assertEquals(written(0, 0, "NTP"), "83aa7e8000000000");
  assertEquals(written(0, 500_000_000, "NTP"), "83aa7e8080000000");
  assertEquals(read("83aa7e8000000001", "NTP"), {
    seconds: 0,
    nanoseconds: 1e9 / 2 ** 32,
  });
});

Deno.test("an NTP timestamp goes on in the next era, from February 2036", () => {
  const last = Date.UTC(2036, 1, 7, 6, 28, 15) / 1000;
  assertEquals(written(last, 0, "NTP"), "ffffffff00000000");
  assertEquals(written(last + 1, 0, "NTP"), "0000000000000000");
  assertEquals(read("ffffffff00000000", "NTP").seconds, last);
  assertEquals(read("0000000000000000", "NTP").seconds, last + 1);
  assertEquals(read("0000000100000000", "NTP").seconds, last + 2);
});

Deno.test("a PTPv2 timestamp counts seconds from 1970 and nanoseconds", () => {
  assertEquals(
    written(1_600_000_000, 999_999_999.9, "PTPv2"),
    "5f5e10003b9ac9ff",
  );
  assertEquals(read("5f5e10003b9ac9ff", "PTPv2"), {
    seconds: 1_600_000_000,
    nanoseconds: 999_999_999,
  });
});

Deno.test("an NTP timestamp loses nothing when it is read and written again", () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(fc.property(word, word, (seconds, fraction) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, seconds);
    view.setUint32(4, fraction);
    const before = hex(new Uint8Array(view.buffer));
    writeTimestamp(view, 0, readTimestamp(view, 0, "NTP"), "NTP");
    assertEquals(hex(new Uint8Array(view.buffer)), before);
  }));
});

Deno.test("microseconds between two times keep the nanoseconds, and their sign", () => {
  const one = { seconds: 1_600_000_000, nanoseconds: 999_999_999 };
  const other = { seconds: 1_600_000_001, nanoseconds: 1 };
  assertEquals(microsecondsBetween(one, other).toFixed(6), "0.002000");
  assertEquals(microsecondsBetween(other, one).toFixed(6), "-0.002000");
});

Deno.test("an error estimate has S, Z, six bits of scale and eight of multiplier", () => {
  // 1 * 2^(10 - 32) seconds.
  assertEquals(errorOf(decodeErrorEstimate(0x0a01)), 2 ** -22 * 1e6);
  assertEquals(decodeErrorEstimate(0x8000).synchronized, true);
  assertEquals(decodeErrorEstimate(0x7fff).synchronized, false);
  assertEquals(decodeErrorEstimate(0x4000).format, "PTPv2");
  assertEquals(decodeErrorEstimate(0xbfff).format, "NTP");
  assertEquals(decodeErrorEstimate(0x2a00).scale, 42);
  for (let bits = 0; bits < 2 ** 16; bits++) {
    assertEquals(encodeErrorEstimate(decodeErrorEstimate(bits)), bits);
  }
});

Deno.test("an estimate is never below the error, nor more than it by a hundredth and a unit", () => {
  const kind = { synchronized: false, format: "NTP" as const };
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (error) => {
      const estimate = estimateOf(error, kind);
      const stated = errorOf(estimate);
      const unit = 1e6 / 2 ** 32;
      assertEquals(stated >= error, true);
      assertEquals(stated <= error * 1.01 + unit, true);
      assertEquals(estimate.multiplier >= 1, true);
    }),
  );
  assertEquals(estimateOf(Infinity, kind), {
    ...kind,
    scale: 63,
    multiplier: 255,
  });
});
