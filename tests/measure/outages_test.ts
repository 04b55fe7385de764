/**
 * Outages, by messages told by hand and over paths that close at chosen times.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { expectation } from "../../cli/command_line/expectation.ts";
import { Outages } from "../../measure/outages.ts";
import {
  measureTcp,
  type MeasureTcpOptions,
  measureUdp,
  serveTcp,
  type TcpClientEvent,
  type UdpClientEvent,
} from "../../mod.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";

const HOST = "127.0.0.1";

/** Tells messages of one flow, one each millisecond: `.` answered, `x` lost. */
function tell(outages: Outages, fates: string, flow = 0): void {
  [...fates].forEach((fate, i) => {
    const at = i * 1000;
    if (fate === "x") outages.lost(flow, i + 1, at);
    else outages.answered(flow, i + 1, at);
  });
}

/** The outages of one flow's messages. */
function outagesOf(fates: string) {
  const outages = new Outages(1);
  tell(outages, fates);
  const changes = outages.settle(Infinity);
  return { changes, summary: outages.summary(fates.length * 1000) };
}

Deno.test("an outage lasts from the first message lost to the first answered", () => {
  const { summary } = outagesOf("..xxx.....x.........");
  assertEquals(
    summary.listed.map(({ outage_us, first_sequence, last_sequence }) => [
      outage_us,
      first_sequence,
      last_sequence,
    ]),
    [[3000, 3, 5], [1000, 11, 11]],
  );
  assertEquals(
    [summary.count, summary.total_us, summary.longest_us],
    [2, 4000, 3000],
  );
  assertEquals(summary.availability_percent, 80);
});

Deno.test("an outage that has not ended when the run does counts up to its end, as a lower bound", () => {
  const { changes, summary } = outagesOf(".....xxxxx");
  assertEquals(changes.map(({ isDown }) => isDown), [true]);
  const [outage] = summary.listed;
  assertEquals(outage.ended, undefined);
  assertEquals([outage.outage_us, outage.is_lower_bound], [5000, true]);
  assertEquals(summary.availability_percent, 50);
});

Deno.test("a run without a loss is available for all of it", () => {
  const { summary } = outagesOf(".....");
  assertEquals(summary, {
    count: 0,
    total_us: 0,
    longest_us: 0,
    availability_percent: 100,
    listed: [],
  });
});

Deno.test("an outage says by how much its ends can be off", () => {
  const outages = new Outages(1);
  outages.answered(0, 1, 0);
  outages.lost(0, 2, 3000);
  outages.lost(0, 3, 4000);
  outages.answered(0, 4, 9000);
  outages.settle(Infinity);
  const [outage] = outages.summary(10_000).listed;
  assertEquals([outage.outage_us, outage.uncertainty_us], [6000, 5000]);
});

Deno.test("with several flows, only what all of them lost is an outage", () => {
  const outages = new Outages(2);
  tell(outages, "..xxxx....x...", 0);
  tell(outages, "....xxxx......", 1);
  outages.settle(Infinity);
  const { count, total_us, listed } = outages.summary(14_000);
  assertEquals([count, total_us], [1, 2000]);
  assertEquals(listed[0].first_sequence, undefined);
});

Deno.test("an outage of several flows is not settled before all have told of it", () => {
  const outages = new Outages(2);
  tell(outages, "..xx", 0);
  tell(outages, "..xx..", 1);
  assertEquals(outages.settle(4000).map(({ isDown }) => isDown), [true]);
  outages.answered(0, 5, 4500);
  assertEquals(outages.settle(4000), []);
  assertEquals(outages.settle(Infinity).map(({ isDown }) => isDown), [false]);
});

Deno.test("the longest hundred outages are listed, in order, and all are counted", () => {
  const lengths = Array.from({ length: 300 }, (_, i) => 1 + (i * 7) % 300);
  const { summary } = outagesOf(
    lengths.map((length) => "." + "x".repeat(length)).join("") + ".",
  );
  const listed = summary.listed.map(({ outage_us }) => outage_us / 1000);
  assertEquals(summary.count, 300);
  assertEquals(listed, lengths.filter((length) => length > 200));
});

Deno.test("outages and what lies between them make up the run, whatever is lost", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1 }), (answers) => {
      const fates = answers.map((isBack) => isBack ? "." : "x").join("");
      const { summary, changes } = outagesOf(fates);
      const lost = answers.filter((isBack) => !isBack).length;
      assertEquals(summary.total_us, lost * 1000);
      assertEquals(summary.count, fates.match(/x+/g)?.length ?? 0);
      changes.forEach(({ isDown }, i) => assertEquals(isDown, i % 2 === 0));
    }),
  );
});

/** A run over UDP against a peer that stays silent between two messages. */
async function silentBetween(
  first: number,
  last: number,
  options: { count: number; interval?: number; rate?: number },
) {
  const events: UdpClientEvent[] = [];
  const silent: number[] = [];
  await using peer = new UdpPeer(async (datagram, answer, number) => {
    const isSilent = number >= first && number <= last;
    if (isSilent) silent.push(Date.now());
    else await answer(datagram);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    timeout: 200,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  return { result, events, silent };
}

for (const pace of [{ interval: 20 }, { rate: 50 }]) {
  Deno.test(`measureUdp() tells when the path was down, with ${Object.keys(pace)}`, async () => {
    const { result, events, silent } = await silentBetween(11, 25, {
      count: 50,
      ...pace,
    });
    const { count, listed: [outage] } = result.measured.outages!;
    assertEquals(count, 1);
    assertEquals([outage.first_sequence, outage.last_sequence], [11, 25]);
    assertEquals(Math.round(outage.outage_us / 20_000), 15);
    const began = Date.parse(outage.began);
    assert(Math.abs(began - silent[0]) < 100, `${began} ${silent[0]}`);
    const length = Date.parse(outage.ended!) - began;
    assert(Math.abs(length - outage.outage_us / 1000) <= 2);
    const told = events.filter(({ event }) => event.startsWith("outage"));
    assertEquals(told.map(({ event }) => event), [
      "outage-began",
      "outage-ended",
    ]);
    assertEquals(told[1], { event: "outage-ended", ...outage });
  });
}

Deno.test("measureUdp() sends with an interval whether answers come or not", async () => {
  const { result } = await silentBetween(6, 20, { count: 30, interval: 20 });
  assertEquals(result.datagrams.lost, 15);
  assert(result.duration_us < 900_000, String(result.duration_us));
});

Deno.test("measureUdp() with a pipeline of 1 waits for each answer, and sends less while the path is down", async () => {
  await using peer = new UdpPeer(async (datagram, answer, number) => {
    if (number !== 3) await answer(datagram);
  });
  const result = await measureUdp({
    hostname: HOST,
    port: peer.port,
    size: 64,
    timeout: 200,
    interval: 20,
    duration: 400,
    pipeline: 1,
  });
  assert(result.messages_sent <= 12, String(result.messages_sent));
  assertEquals(result.datagrams.lost, 1);
});

Deno.test("an expectation of outages or availability excuses losses, and is judged", async () => {
  const run = async (...conditions: string[]) => {
    await using peer = new UdpPeer(async (datagram, answer, number) => {
      if (number < 6 || number > 8) await answer(datagram);
    });
    const { passed } = await measureUdp({
      hostname: HOST,
      port: peer.port,
      size: 64,
      timeout: 200,
      interval: 10,
      count: 20,
      expectations: conditions.map(expectation),
    });
    return passed;
  };
  assertEquals(await run(), false);
  assertEquals(await run("outage<1s", "outages<=1"), true);
  assertEquals(await run("outage<25ms"), false);
  assertEquals(await run("availability>=70%"), true);
  assertEquals(await run("availability>=99%"), false);
});

/** A run over TCP with an interval, and its events. */
async function probeTcp(port: number, options: Partial<MeasureTcpOptions>) {
  const events: TcpClientEvent[] = [];
  const result = await measureTcp({
    hostname: HOST,
    port,
    payload: { size: 64 },
    interval: 20,
    timeout: 300,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  return { result, names: events.map(({ event }) => event) };
}

Deno.test("measureTcp() with an interval connects again where the server restarts, and tells the outage", async () => {
  const down = new AbortController();
  const first = serveTcp({ hostname: HOST, port: 0, signal: down.signal });
  const { port } = first.addr;
  const stop = new AbortController();
  let sent = 0;
  const run = probeTcp(port, {
    signal: stop.signal,
    detail: true,
    onEvent: ({ event }) => void (sent += Number(event === "sent")),
  });
  await until(() => sent >= 5, "messages");
  down.abort();
  await first.finished;
  const downFrom = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await using _second = serveTcp({ hostname: HOST, port });
  const length = performance.now() - downFrom;
  const before = sent;
  await until(() => sent >= before + 5, "messages of the new connection");
  stop.abort();
  const { result } = await run;
  const { outages, reconnects, lost, unsent = 0 } = result.measured;
  assertEquals([outages?.count, reconnects], [1, 1]);
  const off = outages!.longest_us / 1000 - length;
  // It is good to an interval, and a busy machine may be late with the connection.
  assert(off > -60 && off < 300, `${off} ms off`);
  assert(unsent >= 3, String(unsent));
  assertEquals(result.failure?.code, "loss");
  assertEquals(
    result.messages_sent,
    result.messages_received + lost! + result.measured.in_flight!,
  );
});

Deno.test("measureTcp() with an interval gives up on a silent connection, and counts its messages as lost", async () => {
  let clients = 0;
  await using peer = new TcpPeer(async (conn) => {
    const isSilent = ++clients === 1;
    const buffer = new Uint8Array(1024);
    for (;;) {
      const length = await conn.read(buffer);
      if (length === null) break;
      if (!isSilent) await conn.write(buffer.subarray(0, length));
    }
  });
  const { result, names } = await probeTcp(peer.port, { duration: 1000 });
  const { lost, reconnects, in_flight } = result.measured;
  assert(lost! >= 10, String(lost));
  assertEquals([reconnects, in_flight], [1, 0]);
  assertEquals(result.messages_sent, result.messages_received + lost!);
  assert(names.includes("disconnected") && names.includes("reconnected"));
});

Deno.test("measureTcp() with an interval reports a difference, and does not connect again", async () => {
  await using peer = new TcpPeer(async (conn) => {
    const buffer = new Uint8Array(1024);
    const length = await conn.read(buffer);
    buffer[20] ^= 1;
    await conn.write(buffer.subarray(0, length!));
    await conn.read(buffer);
  });
  const { result } = await probeTcp(peer.port, { count: 5 });
  assertEquals(result.failure?.code, "difference");
  assertEquals(result.measured.reconnects, 0);
});
