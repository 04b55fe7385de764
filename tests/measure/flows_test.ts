/**
 * Flows of a run compared, over a path that harms those of chosen ports: what a bad
 * member of a bonded link does.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type EchosounderError,
  type FlowFigures,
  measureTcp,
  measureUdp,
  type MeasureUdpOptions,
  serveTcp,
  serveUdp,
} from "../../mod.ts";
import { FlowRelay } from "../setup/flow_relay.ts";
import { freePorts } from "../setup/free_port.ts";
import type { Faults } from "../setup/relay.ts";

const HOST = "127.0.0.1";

/** Measures from ports in a row; the path harms the fourth of them. */
async function measureFlows(
  faults: Faults,
  options: Partial<MeasureUdpOptions>,
) {
  const { connections = 8 } = options;
  const first = freePorts(connections);
  const { service } = options;
  await using server = serveUdp({ hostname: HOST, port: 0, service });
  using relay = new FlowRelay(
    server.addr.port,
    (port) => port === first + 3 ? faults : undefined,
  );
  const { datagrams, measured } = await measureUdp({
    hostname: HOST,
    port: relay.port,
    size: 64,
    timeout: 1000,
    connections,
    sourcePort: first,
    ...options,
  });
  const lateness = measured.instrument.timer_lateness_us.p99;
  return { first, datagrams, flows: measured.flows!, lateness };
}

/** Four of five. */
const MOST = Array.from({ length: 1000 }, (_, i) => i + 1)
  .filter((number) => number % 5 > 0);

for (
  const [connections, options] of [
    [8, { rate: 200, count: 400, service: "stamp" }],
    [8, { rate: 200, count: 400, service: "echo" }],
    [64, { rate: 640, count: 2560, service: "echo" }],
  ] as const
) {
  Deno.test(`measureUdp() tells which of ${connections} flows to ${options.service} loses messages, and how many`, async () => {
    const { first, datagrams, flows } = await measureFlows(
      { lose: MOST },
      { connections, ...options },
    );
    const [worst, ...others] = flows.each;
    const { sent, lost, local_port, connection, worse_by } = worst;
    assertEquals([flows.count, flows.bad], [connections, 1]);
    assertEquals([local_port, connection], [first + 3, 4]);
    assertEquals(worse_by, ["loss"]);
    assertEquals(lost, sent - Math.floor(sent / 5));
    assertEquals(datagrams.lost, lost);
    assertEquals(
      new Set(others.map(({ lost, worse_by }) => `${lost} ${worse_by}`)),
      new Set(["0 undefined"]),
    );
    const all = flows.each.reduce((sum, { sent }) => sum + sent, 0);
    assertEquals(all, options.count);
  });
}

Deno.test("measureUdp() tells which of its flows takes longer", async () => {
  const delay = 200;
  const measure = () =>
    measureFlows({ delay: () => delay }, { duration: 4000, pipeline: 8 });
  let { first, flows, lateness } = await measure();
  // A client that is itself as late cannot tell.
  const isLate = () => lateness > 1000 * delay / 2 || flows.bad === 0;
  for (let i = 0; i < 3 && isLate(); i++) {
    ({ first, flows, lateness } = await measure());
  }
  const [worst, next] = flows.each;
  assertEquals([flows.bad, worst.local_port], [1, first + 3]);
  assertEquals(worst.worse_by, ["delay"]);
  assert(worst.p50_us! > 0.97 * 1000 * delay, `${worst.p50_us}`);
  assert(next.p50_us! < worst.p50_us!, `${next.p50_us}`);
});

Deno.test("measureUdp() and measureTcp() find no flow of 64 worse on a path that harms none", async () => {
  const options = { hostname: HOST, port: 0 };
  await using udp = serveUdp(options);
  await using tcp = serveTcp(options);
  const run = { hostname: HOST, connections: 64, duration: 1500 };
  for (let i = 0; i < 3; i++) {
    const results = [
      await measureUdp({ ...run, port: udp.addr.port, size: 64 }),
      await measureTcp({ ...run, port: tcp.addr.port, payload: { size: 64 } }),
    ];
    for (const { measured } of results) {
      // Of a client that stood still for most of it, there may be nothing to tell.
      assertEquals(measured.flows!.bad ?? 0, 0, JSON.stringify(measured));
    }
  }
});

Deno.test("measureTcp() compares its connections by their delays alone", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const { measured } = await measureTcp({
    hostname: HOST,
    port: server.addr.port,
    payload: { size: 64 },
    connections: 2,
    count: 10,
  });
  const { count, bad, unjudged, each } = measured.flows!;
  // Five messages each tell nothing.
  assertEquals([count, bad, unjudged], [2, undefined, 2]);
  const known = ({ p50_us, p99_us, lost, local_port }: FlowFigures) =>
    p50_us! > 0 && p99_us! >= p50_us! && lost === undefined && local_port > 0;
  assert(each.every(known), JSON.stringify(each));
});

Deno.test("a single flow, and flows that are not answered, are compared with nothing", async () => {
  const options = { hostname: HOST, port: 0 };
  await using echo = serveUdp(options);
  await using discard = serveUdp({ ...options, service: "discard" });
  const run = { hostname: HOST, size: 64, count: 10 };
  const results = [
    await measureUdp({ ...run, port: echo.addr.port }),
    await measureUdp({
      ...run,
      port: discard.addr.port,
      connections: 2,
      service: "discard",
    }),
  ];
  assertEquals(results.map(({ measured }) => measured.flows), [
    undefined,
    undefined,
  ]);
});

Deno.test("measureUdp() sends from the ports that it is given, in one run after the other", async () => {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  const sourcePort = freePorts(4);
  for (let i = 0; i < 3; i++) {
    const { measured } = await measureUdp({
      hostname: HOST,
      port: server.addr.port,
      size: 64,
      count: 8,
      connections: 4,
      sourcePort,
    });
    const ports = measured.flows!.each.map(({ local_port }) => local_port);
    assertEquals(
      ports.toSorted(),
      [0, 1, 2, 3].map((each) => sourcePort + each),
    );
  }
});

Deno.test("measureUdp() says which source port is taken, and keeps none of the others", async () => {
  await using server = serveUdp({ hostname: HOST, port: 0 });
  const first = freePorts(2);
  const taken = first + 1;
  await using _ = serveUdp({ hostname: "0.0.0.0", port: taken });
  const run = (connections: number) =>
    measureUdp({
      hostname: HOST,
      port: server.addr.port,
      size: 64,
      count: 8,
      connections,
      sourcePort: first,
    });
  const error = await assertRejects(() => run(2)) as EchosounderError;
  assertEquals([error.code, error.message], [
    "cannot-bind",
    `cannot bind 0.0.0.0:${taken}: address already in use`,
  ]);
  assertEquals((await run(1)).passed, true);
});

Deno.test("measureUdp() refuses source ports beyond the last one", async () => {
  const error = await assertRejects(() =>
    measureUdp({
      hostname: HOST,
      size: 64,
      count: 8,
      connections: 8,
      sourcePort: 65_530,
    })
  ) as EchosounderError;
  assertEquals([error.code, error.message], [
    "invalid-option",
    "sourcePort: from 65530 on there are not 8 ports up to 65535",
  ]);
});
