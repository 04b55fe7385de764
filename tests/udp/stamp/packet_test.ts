/**
 * STAMP's packets, against bytes written down by hand from RFC 8762.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import {
  decodeReflectorPacket,
  decodeSenderPacket,
  encodeReflectorPacket,
  encodeSenderPacket,
  LAYOUTS,
  type Mode,
  type ReflectorPacket,
  type SenderPacket,
} from "../../../udp/stamp/packet.ts";
import { bytesOf, hex } from "../../setup/hex.ts";

/** 2020-09-13T12:26:40.25Z, which is 0xE3088E80 seconds after 1900. */
const T1 = { seconds: 1_600_000_000, nanoseconds: 250_000_000 };
/** A second and a half later. */
const T2 = { seconds: 1_600_000_001, nanoseconds: 750_000_000 };
/** A second after that. */
const T3 = { seconds: 1_600_000_002, nanoseconds: 750_000_000 };

const SENT: SenderPacket = {
  sequence: 0x01020304,
  timestamp: T1,
  errorEstimate: {
    synchronized: false,
    format: "NTP",
    scale: 10,
    multiplier: 1,
  },
  ssid: 0xabcd,
  extensions: undefined,
};

const REFLECTED: ReflectorPacket = {
  sequence: 0x11121314,
  timestamp: T3,
  errorEstimate: {
    synchronized: true,
    format: "NTP",
    scale: 1,
    multiplier: 2,
  },
  ssid: 0xabcd,
  receiveTimestamp: T2,
  senderSequence: 0x01020304,
  senderTimestamp: T1,
  senderErrorEstimate: SENT.errorEstimate,
  senderTtl: 0x40,
  extensions: undefined,
};

/** RFC 8762, figure 2, with the SSID of RFC 8972, figure 1. */
const SENT_BYTES = bytesOf(`
  01020304 e3088e80 40000000 0a01 abcd
  00000000 00000000 00000000 00000000 00000000 00000000 00000000`);

/** RFC 8762, figure 5, with the SSID of RFC 8972, figure 2. */
const REFLECTED_BYTES = bytesOf(`
  11121314 e3088e82 c0000000 8102 abcd
  e3088e81 c0000000 01020304 e3088e80 40000000 0a01 0000 40 000000`);

/** RFC 8762, figure 4, with the SSID of RFC 8972, figure 3. */
const SENT_AUTHENTICATED_BYTES = bytesOf(`
  01020304 00000000 00000000 00000000 e3088e80 40000000 0a01 abcd 00000000
  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
  00000000 00000000 00000000 00000000`);

/** RFC 8762, figure 6, with the SSID of RFC 8972, figure 4. */
const REFLECTED_AUTHENTICATED_BYTES = bytesOf(`
  11121314 00000000 00000000 00000000 e3088e82 c0000000 8102 abcd 00000000
  e3088e81 c0000000 00000000 00000000 01020304 00000000 00000000 00000000
  e3088e80 40000000 0a01 0000 00000000 40 000000 00000000 00000000 00000000
  00000000 00000000 00000000 00000000`);

Deno.test("a sender's packet is the RFC's, byte for byte", () => {
  assertEquals(hex(encodeSenderPacket(SENT)), hex(SENT_BYTES));
  assertEquals(decodeSenderPacket(SENT_BYTES), SENT);
  assertEquals(SENT_BYTES.length, 44);
});

Deno.test("a reflector's packet is the RFC's, byte for byte", () => {
  assertEquals(hex(encodeReflectorPacket(REFLECTED)), hex(REFLECTED_BYTES));
  assertEquals(decodeReflectorPacket(REFLECTED_BYTES), REFLECTED);
  assertEquals(REFLECTED_BYTES.length, 44);
});

Deno.test("both packets of authenticated mode are the RFC's, but for the HMAC", () => {
  const mode = "authenticated";
  assertEquals(
    hex(encodeSenderPacket(SENT, undefined, mode)),
    hex(SENT_AUTHENTICATED_BYTES),
  );
  assertEquals(
    hex(encodeReflectorPacket(REFLECTED, undefined, mode)),
    hex(REFLECTED_AUTHENTICATED_BYTES),
  );
  assertEquals(decodeSenderPacket(SENT_AUTHENTICATED_BYTES, mode), SENT);
  assertEquals(
    decodeReflectorPacket(REFLECTED_AUTHENTICATED_BYTES, mode),
    REFLECTED,
  );
  assertEquals(SENT_AUTHENTICATED_BYTES.length, 112);
  assertEquals(REFLECTED_AUTHENTICATED_BYTES.length, 112);
});

Deno.test("what is left of a buffer that is used again is overwritten with zeros", () => {
  const buffer = new Uint8Array(200).fill(0xff);
  const packet = encodeSenderPacket(SENT, buffer);
  assertEquals(packet.buffer, buffer.buffer);
  assertEquals(hex(packet), hex(SENT_BYTES));
  assertThrows(
    () => encodeSenderPacket(SENT, new Uint8Array(43)),
    RangeError,
    "44 bytes",
  );
});

Deno.test("PTPv2 timestamps are written and read where the error estimate says so", () => {
  const ptp = { ...SENT.errorEstimate, format: "PTPv2" as const };
  const sent = encodeSenderPacket({ ...SENT, errorEstimate: ptp });
  assertEquals(hex(sent.subarray(4, 14)), "5f5e10000ee6b2804a01");
  const mixed = { ...REFLECTED, senderErrorEstimate: ptp };
  const reflected = encodeReflectorPacket(mixed);
  assertEquals(hex(reflected.subarray(4, 12)), "e3088e82c0000000");
  assertEquals(hex(reflected.subarray(28, 36)), "5f5e10000ee6b280");
  assertEquals(decodeReflectorPacket(reflected), mixed);
});

Deno.test("a TWAMP Light sender's 14 bytes are read, and its padding is no SSID", () => {
  assertEquals(decodeSenderPacket(SENT_BYTES.subarray(0, 13)), undefined);
  const short = { ...SENT, ssid: 0 };
  assertEquals(decodeSenderPacket(SENT_BYTES.subarray(0, 14)), short);
  assertEquals(decodeSenderPacket(SENT_BYTES.subarray(0, 43)), short);
  assertEquals(
    decodeSenderPacket(
      SENT_AUTHENTICATED_BYTES.subarray(0, 111),
      "authenticated",
    ),
    undefined,
  );
});

Deno.test("a TWAMP Light reflector's 38 and 41 bytes are read, and its padding", () => {
  assertEquals(
    decodeReflectorPacket(REFLECTED_BYTES.subarray(0, 37)),
    undefined,
  );
  assertEquals(decodeReflectorPacket(REFLECTED_BYTES.subarray(0, 38)), {
    ...REFLECTED,
    senderTtl: undefined,
  });
  assertEquals(
    decodeReflectorPacket(REFLECTED_BYTES.subarray(0, 41)),
    REFLECTED,
  );
  const padded = new Uint8Array([...REFLECTED_BYTES, 7, 8, 9]);
  assertEquals(decodeReflectorPacket(padded), {
    ...REFLECTED,
    extensions: new Uint8Array([7, 8, 9]),
  });
});

const whole = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const errorEstimate = fc.record({
  synchronized: fc.boolean(),
  format: fc.constantFrom("NTP" as const, "PTPv2" as const),
  scale: whole(6),
  multiplier: whole(8),
});
/** Times that both formats carry exactly: multiples of 2^-9 seconds. */
const timestamp = fc.record({
  seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
  nanoseconds: whole(9).map((n) => n * 1_953_125),
});
const packet = fc.record({
  sequence: whole(32),
  timestamp,
  errorEstimate,
  ssid: whole(16),
  receiveTimestamp: timestamp,
  senderSequence: whole(32),
  senderTimestamp: timestamp,
  senderErrorEstimate: errorEstimate,
  senderTtl: whole(8),
  extensions: fc.option(fc.uint8Array({ minLength: 1, maxLength: 64 }), {
    nil: undefined,
  }),
});
const mode = fc.constantFrom<Mode>("unauthenticated", "authenticated");

Deno.test("any reflection comes back as it was, so that no two fields can be swapped", () => {
  fc.assert(fc.property(packet, mode, (packet, mode) => {
    const bytes = encodeReflectorPacket(packet, undefined, mode);
    assertEquals(decodeReflectorPacket(bytes, mode), packet);
  }));
});

Deno.test("each field stands in its own bytes, all others in none of them", () => {
  const zero: ReflectorPacket = {
    sequence: 0,
    timestamp: { seconds: -2_208_988_800, nanoseconds: 0 },
    errorEstimate: {
      synchronized: false,
      format: "NTP",
      scale: 0,
      multiplier: 0,
    },
    ssid: 0,
    receiveTimestamp: { seconds: -2_208_988_800, nanoseconds: 0 },
    senderSequence: 0,
    senderTimestamp: { seconds: -2_208_988_800, nanoseconds: 0 },
    senderErrorEstimate: {
      synchronized: false,
      format: "NTP",
      scale: 0,
      multiplier: 0,
    },
    senderTtl: 0,
  };
  const full = {
    synchronized: true,
    format: "NTP" as const,
    scale: 63,
    multiplier: 255,
  };
  const late = { seconds: -2_208_988_801, nanoseconds: 999_999_999.9999 };
  const places = (field: Partial<ReflectorPacket>, mode: Mode) => {
    const bytes = encodeReflectorPacket({ ...zero, ...field }, undefined, mode);
    return [...bytes.keys()].filter((i) => bytes[i] !== 0);
  };
  const run = (from: number, length: number) =>
    Array.from({ length }, (_, i) => from + i);
  for (const mode of ["unauthenticated", "authenticated"] as const) {
    const unauthenticated = mode === "unauthenticated";
    const at = (one: number, other: number) => unauthenticated ? one : other;
    assertEquals(places({ sequence: 2 ** 32 - 1 }, mode), run(0, 4));
    assertEquals(places({ timestamp: late }, mode), run(at(4, 16), 8));
    assertEquals(places({ errorEstimate: full }, mode), run(at(12, 24), 2));
    assertEquals(places({ ssid: 0xffff }, mode), run(at(14, 26), 2));
    assertEquals(places({ receiveTimestamp: late }, mode), run(at(16, 32), 8));
    assertEquals(
      places({ senderSequence: 2 ** 32 - 1 }, mode),
      run(at(24, 48), 4),
    );
    assertEquals(places({ senderTimestamp: late }, mode), run(at(28, 64), 8));
    assertEquals(
      places({ senderErrorEstimate: full }, mode),
      run(at(36, 72), 2),
    );
    assertEquals(places({ senderTtl: 255 }, mode), [at(40, 80)]);
  }
});

Deno.test("any bytes are read or refused, and never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), mode, (bytes, mode) => {
      const { leastSent, leastReflected } = LAYOUTS[mode];
      assertEquals(
        decodeSenderPacket(bytes, mode) === undefined,
        bytes.length < leastSent,
      );
      assertEquals(
        decodeReflectorPacket(bytes, mode) === undefined,
        bytes.length < leastReflected,
      );
    }),
  );
});
