/**
 * The STAMP reflector, asked by a sender that shares no code with it.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { createHmac } from "node:crypto";
import {
  EchosounderError,
  serveUdp,
  type ServeUdpOptions,
  type UdpServerEvent,
} from "../../../mod.ts";
import { Reflector } from "../../../udp/server/reflector.ts";
import { bytes } from "../../setup/bytes.ts";
import { parseEvents } from "../../setup/events.ts";
import { CAN_FORGE, forge } from "../../setup/forge.ts";
import { bytesOf, hex } from "../../setup/hex.ts";
import { startRole } from "../../setup/process.ts";
import { UdpSocket } from "../../setup/udp_peer.ts";
import { until } from "../../setup/until.ts";
import { signalTest, testWhere } from "../../setup/where.ts";

const HOST = "127.0.0.1";
const KEY = bytes("0123456789abcdef0123456789abcdef");

/** A reflector on the loopback, and the events it emitted. */
function reflect(
  stamp: ServeUdpOptions["stamp"] = {},
  options: ServeUdpOptions = {},
) {
  const events: UdpServerEvent[] = [];
  const server = serveUdp({
    hostname: HOST,
    port: 0,
    service: "stamp",
    stamp,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { server, events, port: server.addr.port };
}

/** 32 bits as hexadecimal text. */
const word = (number: number) => (number >>> 0).toString(16).padStart(8, "0");

/** A sender's unauthenticated packet: a number, a timestamp, an error estimate, an SSID. */
function request(
  number: number,
  { time = "e3088e8040000000", estimate = "0a01", ssid = "0000", rest = "" } =
    {},
): Uint8Array {
  return bytesOf(
    `${word(number)} ${time} ${estimate} ${ssid} ${"00".repeat(28)} ${rest}`,
  );
}

/** The same in authenticated mode. */
function signedRequest(number: number, key = KEY, rest = ""): Uint8Array {
  const fields = `${word(number)} ${
    "00".repeat(12)
  } e3088e8040000000 0a01 abcd`;
  const covered = bytesOf(fields + "00".repeat(68));
  return new Uint8Array([...covered, ...hmac(key, covered), ...bytesOf(rest)]);
}

function hmac(key: Uint8Array, ...text: Uint8Array[]): Uint8Array {
  const digest = createHmac("sha256", key);
  for (const piece of text) digest.update(piece);
  return digest.digest().subarray(0, 16);
}

/** Sends packets one after the other; returns the answer to each. */
async function ask(
  port: number,
  ...packets: Uint8Array[]
): Promise<Uint8Array[]> {
  using socket = new UdpSocket();
  return await askFrom(socket, port, ...packets);
}

async function askFrom(
  socket: UdpSocket,
  port: number,
  ...packets: Uint8Array[]
): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = [];
  for (const packet of packets) {
    await socket.send(packet, port);
    answers.push(await socket.receive());
  }
  return answers;
}

/** The first 32 bits of an answer. */
const numberOf = (answer: Uint8Array) =>
  parseInt(hex(answer.subarray(0, 4)), 16);

/** Seconds since 1900 of an NTP timestamp. */
function ntp(answer: Uint8Array, offset: number): number {
  const view = new DataView(answer.buffer, answer.byteOffset);
  return view.getUint32(offset) + view.getUint32(offset + 4) / 2 ** 32;
}

/** Seconds since 1900 of the system's clock. */
const now = () => Date.now() / 1000 + 2_208_988_800;

Deno.test("serveUdp() with the service stamp repeats a sender's fields where RFC 8762 has them", async () => {
  const { server, port } = reflect();
  await using _ = server;
  const [answer] = await ask(port, request(0x01020304, { ssid: "abcd" }));
  assertEquals(answer.length, 44);
  assertEquals(hex(answer.subarray(0, 4)), "00000000");
  assertEquals(hex(answer.subarray(14, 16)), "abcd");
  assertEquals(
    hex(answer.subarray(24, 44)),
    // Its number, timestamp, error estimate, zero, a TTL of 255, zero.
    "01020304 e3088e8040000000 0a01 0000 ff 000000".replaceAll(" ", ""),
  );
});

Deno.test("serveUdp() with the service stamp says when a packet came and when its answer left", async () => {
  const { server, port } = reflect();
  await using _ = server;
  const before = now();
  const [answer] = await ask(port, request(0));
  const after = now();
  const [left, came] = [ntp(answer, 4), ntp(answer, 16)];
  // Date.now() is cut to milliseconds.
  assert(before - 0.001 <= came, `${before} <= ${came}`);
  assert(came <= left, `${came} <= ${left}`);
  assert(left <= after + 0.002, `${left} <= ${after}`);
});

Deno.test("serveUdp() with the service stamp states an error below a millisecond, and synchronization only where it is told", async () => {
  for (const clockSynchronized of [false, true]) {
    const { server, port } = reflect({ clockSynchronized });
    await using _ = server;
    let number = 0;
    // On a busy machine it may just have stood still, and says so.
    await until(async () => {
      const [answer] = await ask(port, request(number++));
      assertEquals(answer[12] >> 6, clockSynchronized ? 0b10 : 0b00);
      const error = answer[13] * 2 ** ((answer[12] & 0x3f) - 32);
      return error > 0 && error < 0.001;
    }, "an error below a millisecond");
  }
});

Deno.test("serveUdp() with the service stamp answers in PTPv2 who asks in PTPv2", async () => {
  const { server, port } = reflect();
  await using _ = server;
  const before = Math.floor(Date.now() / 1000);
  const [answer] = await ask(port, request(0, { estimate: "4a01" }));
  assertEquals(answer[12] >> 6, 0b01);
  assertEquals(hex(answer.subarray(36, 38)), "4a01");
  const view = new DataView(answer.buffer, answer.byteOffset);
  for (const offset of [4, 16]) {
    const seconds = view.getUint32(offset);
    assert(seconds >= before && seconds <= before + 60, String(seconds));
    assert(view.getUint32(offset + 4) < 1_000_000_000);
  }
});

Deno.test("serveUdp() with the service stamp counts its answers for each address, port and SSID", async () => {
  const { server, port } = reflect();
  {
    await using _ = server;
    using socket = new UdpSocket();
    const answers = await askFrom(
      socket,
      port,
      request(0),
      // Three packets are lost on the way.
      request(4),
      request(5),
      request(0, { ssid: "0001" }),
      request(6),
    );
    assertEquals(answers.map(numberOf), [0, 1, 2, 0, 3]);
    assertEquals((await ask(port, request(7))).map(numberOf), [0]);
  }
  const { reflections } = await server.finished;
  assertEquals(reflections?.sessions, 3);
  assertEquals(reflections?.sessions_forgotten, 0);
});

Deno.test("serveUdp() with the service stamp begins a session anew when its sender does, and not for a packet that came twice or late", async () => {
  const { server, port } = reflect();
  await using _ = server;
  const at = (second: number) => ({ time: `e308900${second}00000000` });
  const answers = await ask(
    port,
    request(1, at(2)),
    request(0, at(1)),
    request(0, at(1)),
    request(2, at(3)),
    request(0, at(4)),
    request(0, at(4)),
    request(1, at(5)),
  );
  assertEquals(answers.map(numberOf), [0, 1, 2, 3, 0, 1, 2]);
});

Deno.test("serveUdp() with a stateless reflector numbers answers as what they answer", async () => {
  const { server, port } = reflect({ stateless: true });
  {
    await using _ = server;
    const answers = await ask(
      port,
      request(7),
      request(9),
      request(0xffffffff),
    );
    assertEquals(answers.map(numberOf), [7, 9, 0xffffffff]);
  }
  assertEquals((await server.finished).reflections?.sessions, 0);
});

Deno.test("serveUdp() with the service stamp forgets the session that was idle for longest, and counts it", async () => {
  const { server, port } = reflect({ maxSessions: 2 });
  {
    await using _ = server;
    using first = new UdpSocket();
    using second = new UdpSocket();
    using third = new UdpSocket();
    const number = async (socket: UdpSocket) =>
      numberOf((await askFrom(socket, port, request(1)))[0]);
    assertEquals(await number(first), 0);
    assertEquals(await number(second), 0);
    assertEquals(await number(first), 1);
    assertEquals(await number(third), 0);
    assertEquals(await number(first), 2);
    assertEquals(await number(second), 0);
  }
  const { reflections } = await server.finished;
  assertEquals(reflections?.sessions, 4);
  assertEquals(reflections?.sessions_forgotten, 2);
});

Deno.test("serveUdp() with the service stamp answers TWAMP Light's shorter packets with 44 bytes, and counts them", async () => {
  const { server, port } = reflect();
  {
    await using _ = server;
    // Its padding is no SSID, and no session of its own.
    const answers = await ask(
      port,
      request(0).subarray(0, 14),
      bytesOf("00000001 e3088e8140000000 0a01 1234"),
      bytesOf("00000002 e3088e8240000000 0a01" + "5678".repeat(13) + "9a"),
      // 44 bytes and more, with random padding: likewise.
      bytesOf("00000003 e3088e8340000000 0a01" + "9abc".repeat(20)),
    );
    assertEquals(answers.map(numberOf), [0, 1, 2, 3]);
    assertEquals(answers.map(({ length }) => length), [44, 44, 44, 54]);
    assertEquals(hex(answers[2].subarray(14, 16)), "0000");
    assertEquals(hex(answers[1].subarray(24, 28)), "00000001");
  }
  const { reflections, datagrams } = await server.finished;
  assertEquals(reflections?.short, 3);
  assertEquals(reflections?.sessions, 1);
  assertEquals(datagrams.sent, 4);
});

Deno.test("serveUdp() with the service stamp repeats what follows the fields, with the flags of RFC 8972", async () => {
  const { server, port } = reflect();
  await using _ = server;
  const [padding, unknown, malformed, zeros] = await ask(
    port,
    request(0, { rest: "80010004 01020304" }),
    request(1, { rest: "80c80002 abcd 80010000" }),
    request(2, { rest: "80c8ffff abcd" }),
    request(3, { rest: "00".repeat(27) }),
  );
  assertEquals(hex(padding.subarray(44)), "0001000401020304");
  assertEquals(hex(unknown.subarray(44)), "80c80002abcd00010000");
  assertEquals(hex(malformed.subarray(44)), "c0c8ffffabcd");
  assertEquals(hex(zeros.subarray(44)), "00".repeat(27));
});

Deno.test("serveUdp() with a key signs its answers, drops packets that nobody with the key has signed, and counts them", async () => {
  const { server, port, events } = reflect({ key: KEY });
  {
    await using _ = server;
    using socket = new UdpSocket();
    const [answer] = await askFrom(socket, port, signedRequest(7));
    assertEquals(answer.length, 112);
    assertEquals(
      hex(answer.subarray(96)),
      hex(hmac(KEY, answer.subarray(0, 96))),
    );
    assertEquals(hex(answer.subarray(0, 16)), "00".repeat(16));
    assertEquals(hex(answer.subarray(26, 32)), "abcd00000000");
    assertEquals(
      hex(answer.subarray(40, 96)),
      "00".repeat(8) + "00000007" + "00".repeat(12) + "e3088e8040000000" +
        "0a01" + "00".repeat(6) + "ff" + "00".repeat(15),
    );
    const [came, left] = [ntp(answer, 32), ntp(answer, 16)];
    assert(Math.abs(came - now()) < 60 && came <= left);
    await socket.send(signedRequest(8, bytes("another key")), port);
    await socket.send(request(9), port);
    const forged = signedRequest(10);
    forged[3] ^= 1;
    await socket.send(forged, port);
    // None of them has taken a number.
    const [last] = await askFrom(socket, port, signedRequest(11));
    assertEquals(hex(last.subarray(0, 4)), "00000001");
  }
  const { reflections } = await server.finished;
  assertEquals(reflections?.wrong_hmac, 2);
  assertEquals(reflections?.too_short, 1);
  assertEquals(
    events.flatMap((event) => event.event === "dropped" ? [event.reason] : []),
    ["wrong-hmac", "too-short", "wrong-hmac"],
  );
});

Deno.test("serveUdp() with a key checks the HMAC of TLVs, and gives its answer's one of its own", async () => {
  const { server, port } = reflect({ key: KEY });
  await using _ = server;
  const tlvs = bytesOf("80c80001aa");
  const signed = hex(hmac(KEY, bytesOf(word(5)), tlvs));
  const [right, wrong, missing] = await ask(
    port,
    signedRequest(5, KEY, `80c80001aa 80080010 ${signed}`),
    signedRequest(6, KEY, `80c80001aa 80080010 ${signed}`),
    signedRequest(7, KEY, "80c80001aa"),
  );
  assertEquals(hex(right.subarray(112, 121)), "80c80001aa00080010");
  assertEquals(
    hex(right.subarray(121)),
    hex(hmac(KEY, right.subarray(0, 4), tlvs)),
  );
  assertEquals(hex(wrong.subarray(112, 121)), "a0c80001aa20080010");
  assertEquals(hex(missing.subarray(112)), "a0c80001aa");
});

Deno.test("serveUdp() with the service stamp drops what is no test packet, and counts it", async () => {
  const { server, port, events } = reflect();
  {
    await using _ = server;
    using socket = new UdpSocket();
    for (const length of [0, 1, 13]) {
      await socket.send(new Uint8Array(length), port);
    }
    await askFrom(socket, port, request(0));
  }
  const { reflections, datagrams } = await server.finished;
  assertEquals(reflections?.too_short, 3);
  assertEquals([datagrams.received, datagrams.sent], [4, 1]);
  assertEquals(events.filter(({ event }) => event === "dropped").length, 3);
});

Deno.test("serveUdp() with the services stamp and once serves one test packet, and not one that it drops", async () => {
  const { server, port } = reflect({}, { once: true });
  await using _ = server;
  using socket = new UdpSocket();
  await socket.send(new Uint8Array(3), port);
  const [answer] = await askFrom(socket, port, request(0));
  assertEquals(answer.length, 44);
  const { reflections, datagrams } = await server.finished;
  assertEquals([datagrams.sent, reflections?.too_short], [1, 1]);
});

Deno.test("serveUdp() refuses an empty key and no sessions", () => {
  for (const stamp of [{ key: new Uint8Array() }, { maxSessions: 0 }]) {
    assertThrows(() => reflect(stamp), EchosounderError);
  }
});

/** Why a server dropped packets. */
function dropsOf(events: UdpServerEvent[]): string[] {
  return events.flatMap((event) =>
    event.event === "dropped" ? [event.reason] : []
  );
}

Deno.test("serveUdp() with the service stamp never answers a reflection, its own or another's, whoever sends it", async () => {
  for (const key of [undefined, KEY]) {
    for (const estimate of ["0a01", "4a01"]) {
      const one = reflect({ key }, { loopGuard: false });
      const other = reflect({ key, stateless: true }, { loopGuard: false });
      await using _one = one.server;
      await using _other = other.server;
      using socket = new UdpSocket();
      const packet = key ? signedRequest(0) : request(0, { estimate });
      const [reflection] = await askFrom(socket, one.port, packet);
      await socket.send(reflection, one.port);
      await socket.send(reflection, other.port);
      await until(
        () => dropsOf(one.events).length + dropsOf(other.events).length === 2,
        "both to drop it",
      );
      assertEquals(dropsOf(one.events), ["reflection"]);
      assertEquals(dropsOf(other.events), ["reflection"]);
    }
  }
});

signalTest(
  "a reflector that is stopped for a while shows in its own time, and not in the way out",
  async () => {
    await using server = startRole("udp-server", [
      "--host",
      HOST,
      "--port",
      "0",
      "--service",
      "stamp",
      "--json",
    ]);
    const port = await server.listening();
    using socket = new UdpSocket();
    const answers: Uint8Array[] = [];
    const receive = async (count: number) => {
      while (answers.length < count) answers.push(await socket.receive());
    };
    let sent = 0;
    const send = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const time = (Date.now() / 1000 + 2_208_988_800) * 2 ** 32;
        const high = Math.floor(time / 2 ** 32);
        await socket.send(
          request(sent++, { time: word(high) + word(time - high * 2 ** 32) }),
          port,
        );
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await Promise.all([send(20), receive(20)]);
    server.signal("SIGSTOP");
    await send(60);
    server.signal("SIGCONT");
    await Promise.all([send(20), receive(100)]);
    const out = answers.map((answer) => ntp(answer, 16) - ntp(answer, 28));
    const inside = answers.map((answer) => ntp(answer, 4) - ntp(answer, 16));
    const estimates = answers.map((answer) =>
      answer[13] * 2 ** ((answer[12] & 0x3f) - 32)
    );
    // The first ones that it found waiting had waited for 0.6 s.
    assert(Math.max(...inside) > 0.4, `${Math.max(...inside)} s inside`);
    const extra = Math.max(...out) - Math.min(...out);
    assert(extra < 0.3, `${extra} s more on the way out`);
    // It says so in the error estimate of these, and of no others.
    const longest = inside.indexOf(Math.max(...inside));
    assert(estimates[longest] > 0.4, `an error of ${estimates[longest]} s`);
    assert(inside.every((time) => time >= 0));
    server.signal("SIGTERM");
    const { stdout } = await server.outcome();
    const { reflections } = parseEvents(stdout).at(-1)!;
    assert(reflections.standstills >= 1);
    assert(reflections.estimated >= 30, `${reflections.estimated} estimated`);
  },
);

/** What a forged datagram may cause before two servers are silent. */
const FEW = 4;

for (
  const [name, oneKey, otherKey] of [
    ["two reflectors", undefined, undefined],
    ["two reflectors with a key", KEY, KEY],
    ["a reflector with a key and one without", KEY, undefined],
  ] as const
) {
  testWhere(
    CAN_FORGE,
    "needs root and python3",
    `${name} that forged packets set on each other fall silent`,
    async () => {
      const one = reflect({ key: oneKey }, { loopGuard: false });
      const other = reflect({ key: otherKey }, { loopGuard: false });
      const packetFor = (key?: Uint8Array) =>
        key ? signedRequest(0) : request(0);
      {
        await using _one = one.server;
        await using _other = other.server;
        await forge(other.port, one.port, packetFor(oneKey));
        await forge(one.port, other.port, packetFor(otherKey));
        await until(
          () => dropsOf(one.events).length + dropsOf(other.events).length === 2,
          "both loops to end",
        );
      }
      const received = (await one.server.finished).datagrams.received +
        (await other.server.finished).datagrams.received;
      assert(received >= 4 && received <= 2 * FEW, `${received} datagrams`);
    },
  );
}

testWhere(
  CAN_FORGE,
  "needs root and python3",
  "a reflector and an echo server that a forged packet sets on each other fall silent, and a character generator and a reflector, too",
  async () => {
    const echo = reflect({}, { service: "echo", loopGuard: false });
    const chargen = reflect({}, { service: "chargen", loopGuard: false });
    const one = reflect();
    {
      await using _echo = echo.server;
      await using _chargen = chargen.server;
      await using _one = one.server;
      await forge(echo.port, one.port, request(0));
      await until(
        () => dropsOf(one.events).includes("reflection"),
        "the reflector to drop its own reflection",
      );
      await forge(chargen.port, one.port, request(0));
      await until(
        () =>
          one.events.some(({ event }) =>
            event === "suppressed" || event === "dropped" &&
              dropsOf(one.events).includes("too-short")
          ),
        "the reflector to suppress an answer, or to get too little text",
      );
    }
    assertEquals((await echo.server.finished).datagrams.received, 1);
  },
);

Deno.test("a reflector lets every honest sender through: with zeros, with any padding, at any time of its clock", () => {
  const { reflector, buffer } = directly();
  const answered = (packet: Uint8Array) => {
    buffer.set(packet);
    return typeof reflector.reflect(HOST, 1, packet.length) !== "string";
  };
  const word32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(fc.property(word32, word32, (number, seconds) => {
    const time = word(seconds) + word(number);
    assert(answered(request(number, { time })));
    for (const byte of ["01", "55", "aa", "ff"]) {
      const padding = byte.repeat(30);
      const ahead = seconds - parseInt(byte.repeat(4), 16);
      // The padding would have to be the time itself.
      assert(
        answered(bytesOf(`${word(number)} ${time} 0001 ${padding}`)) ||
          ahead >= -1 && ahead <= 60,
      );
    }
  }));
});

Deno.test("a reflector that cannot know when a packet arrived says how far it may be off", async () => {
  for (const stateless of [false, true]) {
    const { reflector, buffer } = directly({ stateless });
    const errorAfter = (port: number) => {
      buffer.set(request(1));
      const answer = reflector.reflect(HOST, port, 44) as Uint8Array;
      return answer[13] * 2 ** ((answer[12] & 0x3f) - 32);
    };
    assert(errorAfter(1) < 0.06);
    // Nothing else runs in this process meanwhile: it stands still.
    const end = performance.now() + 200;
    while (performance.now() < end);
    // The first packet of its session.
    assert(errorAfter(2) >= 0.2);
    assertEquals(reflector.counts.estimated, 0);
    await until(() => errorAfter(2) < 0.06, "the standstill to be over");
  }
});

/** A reflector without a socket, and the buffer in which it finds packets. */
function directly(stamp: ServeUdpOptions["stamp"] = {}) {
  const buffer = new Uint8Array(65_536);
  const reflector = new Reflector(buffer, stamp, () => {});
  return { buffer, reflector };
}

for (const key of [undefined, KEY]) {
  const mode = key ? "authenticated" : "unauthenticated";
  const size = key ? 112 : 44;

  Deno.test(`any packet, ${mode}, is answered by no more bytes than it has, or ${size}, and no answer by another reflector`, () => {
    const one = directly({ key });
    const other = directly({ key });
    const packet = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(packet, fc.boolean(), (packet, isHonest) => {
        if (isHonest) packet.fill(0, key ? 28 : 16, size);
        if (key && packet.length >= size) {
          packet.set(hmac(key, packet.subarray(0, 96)), 96);
        }
        one.buffer.set(packet);
        const answer = one.reflector.reflect(HOST, 1, packet.length);
        if (typeof answer === "string") {
          assert(answer !== "wrong-hmac" || key !== undefined);
          return;
        }
        assertEquals(answer.length, Math.max(packet.length, size));
        other.buffer.set(answer);
        assertEquals(
          other.reflector.reflect(HOST, 2, answer.length),
          "reflection",
        );
      }),
      { numRuns: 2000 },
    );
  });
}
