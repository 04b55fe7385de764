/**
 * What the clients measure, compared with the truth: relays add known delays and
 * faults to the path.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Histogram } from "../../measure/histogram.ts";
import {
  type DatagramResult,
  type DelaySummary,
  type MeasureResult,
  measureTcp,
  type MeasureTcpOptions,
  measureUdp,
  type MeasureUdpOptions,
  type ReceivedEvent,
  serveTcp,
  serveUdp,
} from "../../mod.ts";
import { type RelayOptions, TcpRelay, UdpRelay } from "../setup/relay.ts";

const HOST = "127.0.0.1";

/** Measures through a relay. */
async function overTcp(
  path: Omit<RelayOptions, "port">,
  options: Partial<MeasureTcpOptions>,
): Promise<MeasureResult> {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  using relay = new TcpRelay({ port: server.addr.port, ...path });
  const payload = { size: 64 };
  return await measureTcp({
    hostname: HOST,
    port: relay.port,
    payload,
    ...options,
  });
}

/** Measures through a relay. */
async function overUdp(
  path: Omit<RelayOptions, "port">,
  options: Partial<MeasureUdpOptions>,
): Promise<MeasureResult & DatagramResult> {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  using relay = new UdpRelay({ port: server.addr.port, ...path });
  return await measureUdp({
    hostname: HOST,
    port: relay.port,
    size: 64,
    timeout: 300,
    ...options,
  });
}

const TRANSPORTS = [
  ["measureTcp()", overTcp],
  ["measureUdp()", overUdp],
] as const;

for (const [name, measureOver] of TRANSPORTS) {
  for (const delay of [5, 20, 100]) {
    for (const rate of [undefined, 100]) {
      const loop = rate === undefined ? "closed" : "open";
      Deno.test(`${name} finds a delay of ${delay} ms in a ${loop} loop`, async () => {
        const count = delay === 100 ? 10 : 30;
        // What the machine itself takes, in the same run.
        const bare = await measureOver({}, { count, rate });
        const delayed = await measureOver({ delay: () => delay }, {
          count,
          rate,
        });
        const added = (delayed.rtt_us!.p50! - bare.rtt_us!.p50!) / 1000;
        const tolerance = Math.max(0.05 * delay, 0.5);
        assert(Math.abs(added - delay) <= tolerance, `${added} ms added`);
      });
    }
  }

  Deno.test(`${name} gives the percentiles of the delays that it emits`, async () => {
    const emitted: number[] = [];
    const { rtt_us } = await measureOver({ delay: (number) => number % 40 }, {
      count: 200,
      rate: 400,
      detail: true,
      onEvent: (event: { event: string }) => {
        if (event.event === "received") {
          emitted.push((event as ReceivedEvent).rtt_us!);
        }
      },
    });
    assertPercentiles(rtt_us!, emitted);
  });

  Deno.test(`${name} has no coordinated omission: in an open loop, a stall of a second shows in all that were due in it`, async () => {
    const result = await measureOver(
      { stall: { from: 40, milliseconds: 1000 } },
      { rate: 200, duration: 2000, timeout: 5000 },
    );
    assertEquals(result.messages_received, 400);
    const late = await Array.fromAsync(slow(result.rtt_us!, 10_000));
    // Two hundred were due during the stall, and some more while those were
    // delivered; the last ones waited for less than 10 ms.
    assert(Math.abs(late.length - 200) < 24, `${late.length} late`);
    // Their delays fall evenly from one second to nothing.
    const middle = late[Math.floor(late.length / 2)];
    assert(Math.abs(middle - 500_000) < 100_000, `${middle} us at the middle`);
    const p999 = result.rtt_us!["p99.9"]!;
    assert(Math.abs(p999 - 1_000_000) < 60_000, `p99.9 ${p999} us`);
  });

  Deno.test(`${name} shows a stall of half a second in a closed loop in one message`, async () => {
    const { rtt_us } = await measureOver(
      { stall: { from: 200, milliseconds: 500 } },
      { count: 500, timeout: 5000 },
    );
    const stalled = await Array.fromAsync(slow(rtt_us!, 450_000));
    assertEquals(stalled.length, 1);
    assert(rtt_us!.max >= 495_000, `max ${rtt_us!.max}`);
  });
}

/** The delays of a summary from a limit on, each as often as it came. */
async function* slow(delays: DelaySummary, limit: number) {
  const histogram = await Histogram.decode(delays.histogram!);
  for (const [delay, count] of histogram.counts()) {
    if (delay >= limit) yield* Array<number>(count).fill(delay);
  }
}

function assertPercentiles(summary: DelaySummary, delays: number[]): void {
  const sorted = delays.toSorted((a, b) => a - b);
  assertEquals(summary.count, sorted.length);
  for (const percent of [50, 90, 99, 99.9] as const) {
    const exact = sorted[Math.ceil(percent / 100 * sorted.length) - 1];
    const given = summary[`p${percent}`]!;
    const error = Math.abs(given - exact);
    assert(
      error <= Math.max(exact / 1000, 1),
      `p${percent}: ${given}, ${exact}`,
    );
  }
}

Deno.test("measureTcp() with one message in flight sends late after a stall, and counts how many", async () => {
  const result = await overTcp(
    { stall: { from: 40, milliseconds: 1000 } },
    { rate: 200, duration: 2000, pipeline: 1 },
  );
  assertEquals(result.messages_received, 400);
  assert(
    Math.abs(result.measured.late_sends! - 200) < 20,
    `${result.measured.late_sends}`,
  );
  // From the sending, a stall is one slow answer; from the schedule, two hundred.
  assert(result.measured.rtt_from_sending_us!.p99! < 500_000);
  assert(result.rtt_us!.p90! > 500_000, `p90 ${result.rtt_us!.p90}`);
  // The path delayed them, not the client.
  assertEquals(
    result.measured.instrument.warnings.filter((text) =>
      text.includes("messages")
    ),
    [],
  );
});

Deno.test("measureUdp() gives the variation of a delay that alternates", async () => {
  const steady = await overUdp({ delay: () => 15 }, { count: 100, rate: 200 });
  const uneven = await overUdp(
    { delay: (number) => number % 2 === 0 ? 10 : 20 },
    { count: 100, rate: 70 },
  );
  // Each differs from the one before by 10 ms, and the estimate gets there
  // by a sixteenth of what is missing with each.
  const expected = 10_000 * (1 - (15 / 16) ** 99);
  assert(
    Math.abs(uneven.datagrams.jitter_us! - expected) < 1500,
    `${uneven.datagrams.jitter_us}`,
  );
  assert(steady.datagrams.jitter_us! < 1500, `${steady.datagrams.jitter_us}`);
});

Deno.test("each flow keeps the beat of --interval, whatever the others do", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const sentAt = new Map<number, number[]>();
  await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: { size: 64 },
    connections: 3,
    interval: 100,
    count: 15,
    detail: true,
    onEvent: (event) => {
      if (event.event !== "sent") return;
      const own = sentAt.get(event.connection!) ?? [];
      sentAt.set(event.connection!, [...own, performance.now()]);
    },
  });
  assertEquals([...sentAt.values()].map(({ length }) => length), [5, 5, 5]);
  for (const [connection, [first, ...others]] of sentAt) {
    for (const [i, at] of others.entries()) {
      const late = at - first - 100 * (i + 1);
      assert(Math.abs(late) < 60, `${connection}: ${i + 1} ${late} ms late`);
    }
  }
});
