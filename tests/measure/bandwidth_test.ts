/**
 * Messages by the bytes: paced by a bandwidth, in bursts, and of sizes that are
 * drawn.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  EchosounderError,
  measureTcp,
  measureUdp,
  type SentEvent,
  serveTcp,
  serveUdp,
  type Service,
  type StartedEvent,
} from "../../mod.ts";
import { Schedule } from "../../measure/schedule.ts";
import { Sizes } from "../../measure/sizes.ts";
import { now } from "../../net/clock.ts";
import { UdpRelay } from "../setup/relay.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer } from "../setup/udp_peer.ts";

const HOST = "127.0.0.1";

/** Claims messages of these sizes; when each is due, in microseconds from the start. */
function claimAll(schedule: Schedule, sizes: readonly number[]): number[] {
  return sizes.map((size) =>
    schedule.claim(now(), undefined, size)! - schedule.start
  );
}

const SIZES = fc.array(fc.integer({ min: 1, max: 65_507 }), {
  minLength: 1,
  maxLength: 200,
});

Deno.test("Schedule of a bandwidth has each message due when the bytes before it have had their time", () => {
  fc.assert(
    fc.property(
      SIZES,
      fc.integer({ min: 1000, max: 10_000_000_000 }),
      (sizes, bandwidth) => {
        const times = claimAll(new Schedule({ bandwidth }), sizes);
        let before = 0;
        for (const [i, due] of times.entries()) {
          const expected = before / bandwidth * 1e6;
          // A clock of microseconds since the start of the process has some
          // ten digits after them.
          assert(Math.abs(due - expected) <= 1e-3 + expected * 1e-9, `${i}`);
          before += sizes[i];
        }
      },
    ),
  );
});

Deno.test("Schedule of bursts has as many messages due at once, and keeps the rate or the bandwidth", () => {
  fc.assert(
    fc.property(
      SIZES,
      fc.integer({ min: 2, max: 20 }),
      fc.constantFrom("rate" as const, "bandwidth" as const),
      (sizes, burst, pace) => {
        const single = claimAll(new Schedule({ [pace]: 5000 }), sizes);
        const bursts = claimAll(new Schedule({ [pace]: 5000, burst }), sizes);
        // Each burst is due when its first message would be without bursts.
        const expected = single.map((_, i) => single[i - i % burst]);
        for (const [i, due] of bursts.entries()) {
          assert(Math.abs(due - expected[i]) < 0.01, `${i}`);
        }
      },
    ),
  );
});

Deno.test("Schedule of an interval in bursts has them due on each beat of a connection", () => {
  const schedule = new Schedule({ interval: 50, burst: 3 });
  const due: number[] = [];
  for (let i = 0, previous; i < 7; i++) {
    previous = schedule.claim(schedule.start, previous, 64, i)!;
    due.push(previous - schedule.start);
  }
  assertEquals(
    due.map((time) => Math.round(time / 1000)),
    [0, 0, 0, 50, 50, 50, 100],
  );
});

Deno.test("Schedule of a bandwidth computes rates over the time that the bytes sent have", () => {
  const schedule = new Schedule({ bandwidth: 1_000_000 });
  const last = schedule.start + 90_000;
  assertEquals(Math.round(schedule.span(10, 100_000, last, last)), 100_000);
});

Deno.test("Sizes are drawn evenly, and again the same by the same seed", () => {
  const range = { least: 64, most: 1472, seed: 5 };
  const draw = (seed: number, flow = 0) => {
    const sizes = new Sizes({ ...range, seed }, flow);
    return Array.from({ length: 20_000 }, (_, i) => sizes.of(i + 1));
  };
  const drawn = draw(5);
  assertEquals(draw(5), drawn);
  for (const other of [draw(6), draw(5, 1)]) {
    const same = other.filter((size, i) => size === drawn[i]).length;
    assert(same < 100, `${same} of 20000 are the same`);
  }
  assert(drawn.every((size) => size >= 64 && size <= 1472));
  // 1409 sizes, 14 of each: in ten parts, some 2000 each.
  const parts = Map.groupBy(
    drawn,
    (size) => Math.floor((size - 64) / 1409 * 10),
  );
  assertEquals(parts.size, 10);
  for (const [part, { length }] of parts) {
    assert(length > 1800 && length < 2200, `part ${part}: ${length}`);
  }
  const ends = new Sizes({ least: 3, most: 4, seed: 1 });
  const both = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => ends.of(i)));
  assertEquals(both, new Set([3, 4]));
});

/** The start of a run, and what it has sent. */
function notes() {
  const sent: [flow: number, sequence: number, bytes: number][] = [];
  const started: StartedEvent[] = [];
  return {
    started,
    sent,
    onEvent(event: { event: string }) {
      if (event.event === "started") started.push(event as StartedEvent);
      if (event.event !== "sent") return;
      const { connection = 1, sequence = 1, bytes } = event as SentEvent;
      sent.push([connection, sequence, bytes]);
    },
  };
}

for (const transport of ["TCP", "UDP"] as const) {
  /** Measures over a transport against a server of this library. */
  const run = async (
    options:
      & Omit<Parameters<typeof measureUdp>[0], "hostname" | "port" | "service">
      & { service?: Service },
  ) => {
    const serve = { hostname: HOST, port: 0, service: options.service };
    await using server = transport === "TCP"
      ? serveTcp(serve)
      : serveUdp(serve);
    const { port } = server.addr;
    const { size, ...rest } = options;
    return await (transport === "TCP"
      ? measureTcp({
        ...rest,
        onEvent: options.onEvent as never,
        hostname: HOST,
        port,
        payload: { size },
      })
      : measureUdp({ ...options, hostname: HOST, port }));
  };

  Deno.test(`over ${transport}, a bandwidth sends that many bytes, in sizes that are drawn, too`, async () => {
    // A hundred messages of 1000 bytes, or some 190 of 525 on average.
    for (const size of [1000, { least: 50, most: 1000, seed: 7 }]) {
      const { measured, bytes_sent, passed } = await run({
        size,
        bandwidth: 200_000,
        duration: 500,
      });
      assert(passed);
      // All that were due before the end; the last one may reach beyond it.
      assert(
        bytes_sent >= 100_000 && bytes_sent < 101_000,
        `${bytes_sent} bytes`,
      );
      const { sent_bytes_per_second: speed } = measured;
      assert(speed! > 195_000 && speed! <= 202_000, `${speed} bytes/s`);
      assertEquals(measured.late_sends !== undefined, true);
    }
  });

  Deno.test(`over ${transport}, sizes are drawn by the seed that started has, on each connection its own`, async () => {
    const first = notes();
    const options = { count: 60, connections: 2, interval: 1, detail: true };
    await run({
      ...options,
      size: { least: 12, most: 600, seed: undefined },
      onEvent: first.onEvent,
    });
    const [{ size, smallest_size, seed }] = first.started;
    assertEquals([size, smallest_size], [600, 12]);
    const again = notes();
    await run({
      ...options,
      size: { least: 12, most: 600, seed },
      onEvent: again.onEvent,
    });
    const sizesOf = ({ sent }: typeof first) =>
      new Map(
        sent.map(([flow, sequence, bytes]) => [`${flow}/${sequence}`, bytes]),
      );
    const [one, other] = [sizesOf(first), sizesOf(again)];
    const common = [...one.keys()].filter((name) => other.has(name));
    assert(common.length > 30, `${common.length} in common`);
    for (const name of common) assertEquals(other.get(name), one.get(name));
    assert(new Set(one.values()).size > 30, "sizes differ");
    assert(
      one.get("1/1") !== one.get("2/1") || one.get("1/2") !== one.get("2/2"),
    );
  });

  Deno.test(`over ${transport}, a burst of an interval goes out at once on each beat`, async () => {
    const result = await run({ size: 64, interval: 50, burst: 4, count: 12 });
    assert(result.passed);
    assertEquals(result.messages_received, 12);
    // Three beats, of 50 ms each.
    const { messages_per_second: rate } = result.measured;
    assert(rate! > 40 && rate! <= 81, `${rate}/s`);
  });

  Deno.test(`over ${transport}, a burst needs a clock, and a bandwidth excludes others`, async () => {
    for (
      const options of [
        { burst: 3, count: 3 },
        { bandwidth: 1000, rate: 10, count: 3 },
        { bandwidth: 1000, interval: 10, count: 3 },
        { bandwidth: 0, count: 3 },
      ]
    ) {
      const error = await assertRejects(
        () => run({ ...options, size: 64 }),
        EchosounderError,
      );
      assertEquals(error.code, "invalid-option");
    }
    for (
      const size of [
        { least: 100, most: 64 },
        { least: 0.5, most: 64 },
        { least: 64, most: 100, seed: -1 },
      ]
    ) {
      const error = await assertRejects(
        () => run({ size, count: 1 }),
        EchosounderError,
      );
      assertEquals(error.code, "invalid-option");
    }
  });
}

Deno.test("measureUdp() draws no sizes for packets of STAMP", async () => {
  const error = await assertRejects(
    () =>
      measureUdp({
        hostname: HOST,
        port: 9,
        service: "stamp",
        size: { least: 44, most: 128 },
        count: 1,
      }),
    EchosounderError,
    "the packets of STAMP have one size, not from 44 to 128 bytes",
  );
  assertEquals(error.code, "invalid-option");
});

Deno.test("measureUdp() sends datagrams of the sizes that it says", async () => {
  const seen: number[] = [];
  await using peer = new UdpPeer((datagram, answer) => {
    seen.push(datagram.length);
    return answer(datagram);
  });
  const { sent, onEvent } = notes();
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: { least: 12, most: 1472 },
    count: 100,
    detail: true,
    onEvent,
  });
  assert(result.passed);
  assertEquals(seen, sent.map(([, , bytes]) => bytes));
  assertEquals(
    result.bytes_sent,
    seen.reduce((sum, length) => sum + length, 0),
  );
  assert(new Set(seen).size > 50, `${new Set(seen).size} sizes`);
});

Deno.test("measureUdp() tells the fates of datagrams apart, whatever their sizes", async () => {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  using relay = new UdpRelay({
    port: server.addr.port,
    lose: [3, 50],
    double: [10, 60],
    swap: [20],
    // In the header, where the pattern of a large one must tell which it is.
    corrupt: new Map([[5, 0], [70, 5]]),
  });
  const result = await measureUdp({
    hostname: HOST,
    port: relay.port,
    size: { least: 40, most: 1400, seed: 1 },
    count: 100,
    pipeline: 8,
    timeout: 300,
    expectations: [],
  });
  const { lost, duplicates, reordered, corrupted, strays } = result.datagrams;
  assertEquals(
    { lost, duplicates, corrupted, strays },
    { lost: 2, duplicates: 2, corrupted: 2, strays: 0 },
  );
  assert(reordered! >= 1);
});

Deno.test("measureTcp() finds a wrong byte in a stream of drawn sizes, and says where", async () => {
  await using peer = new TcpPeer(async (conn) => {
    const buffer = new Uint8Array(4096);
    for (let at = 0, length; (length = await conn.read(buffer)) !== null;) {
      const place = 5000 - at;
      if (place >= 0 && place < length) buffer[place] ^= 1;
      at += length;
      await conn.write(buffer.subarray(0, length));
    }
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: { least: 1, most: 500 } },
    count: 200,
    pipeline: 5,
  });
  assertEquals(result.failure?.code, "difference");
  assertEquals(result.failure?.difference?.offset, 5000);
});

Deno.test("measureTcp() one way paces by a bandwidth what the peer reads", async () => {
  let read = 0;
  await using peer = new TcpPeer(async (conn) => {
    const buffer = new Uint8Array(65_536);
    for (let length; (length = await conn.read(buffer)) !== null;) {
      read += length;
    }
  });
  const result = await measureTcp({
    hostname: HOST,
    port: peer.port,
    payload: { size: { least: 1000, most: 5000 } },
    bandwidth: 400_000,
    duration: 500,
    service: "discard",
  });
  assert(result.passed);
  assertEquals(read, result.bytes_sent);
  assert(read >= 200_000 && read < 205_000, `${read} bytes`);
});
