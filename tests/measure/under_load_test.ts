/**
 * Delay under load, through the library.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  EchosounderError,
  type LoadIntervalEvent,
  measureTcpUnderLoad,
  measureUdpUnderLoad,
  serveTcp,
  serveUdp,
  type TcpClientEvent,
  tcpLoads,
  udpLoads,
} from "../../mod.ts";

const hostname = "127.0.0.1";
const SHORT = { quiet: 200, longestPhase: 600, lookEvery: 100, rate: 50 };

/** A server of all that bulk traffic can use, and where. */
function serveAll() {
  const server = serveTcp({
    hostname,
    port: 0,
    also: [{ service: "discard", port: 0 }, { service: "chargen", port: 0 }],
  });
  const [discard, chargen] = server.also;
  return {
    server,
    ports: {
      port: server.addr.port,
      discardPort: discard.port,
      chargenPort: chargen.port,
    },
  };
}

Deno.test("measureTcpUnderLoad() goes through all phases, each with the speed of its directions", async () => {
  const { server, ports } = serveAll();
  await using _ = server;
  const intervals: LoadIntervalEvent[] = [];
  const result = await measureTcpUnderLoad({
    hostname,
    ...ports,
    ...SHORT,
    connections: 1,
    payload: { size: 64 },
    onEvent: (event: TcpClientEvent) => {
      if (event.event === "load-interval") intervals.push(event);
    },
  });
  assertEquals(result.failure, undefined);
  const { phases, left_out } = result.measured.under_load!;
  assertEquals(
    phases.map((phase) => [
      phase.phase,
      phase.sent_bytes_per_second !== undefined,
      phase.received_bytes_per_second !== undefined,
    ]),
    [
      ["quiet", false, false],
      ["out", true, false],
      ["back", false, true],
      ["both", true, true],
    ],
  );
  assertEquals(left_out, []);
  for (const { phase, rtt_us, ...speeds } of phases) {
    assert(rtt_us!.count > 0, phase);
    assert((speeds.sent_bytes_per_second ?? 1) > 0, phase);
    assert((speeds.received_bytes_per_second ?? 1) > 0, phase);
  }
  assertEquals(
    [...new Set(intervals.map(({ phase }) => phase))],
    ["quiet", "out", "back", "both"],
  );
  // The phases follow each other on one axis of time.
  for (const [i, { began_us }] of phases.entries()) {
    const before = phases[i - 1];
    if (before) assert(began_us >= before.began_us + before.duration_us);
  }
  const responsiveness = phases.slice(1).map((each) => each.responsiveness!);
  assertEquals(
    result.measured.under_load!.responsiveness,
    Math.min(...responsiveness),
  );
});

Deno.test("measureTcpUnderLoad() leaves out what an echo server alone cannot have, and says so", async () => {
  await using server = serveTcp({ hostname, port: 0 });
  const { measured, passed } = await measureTcpUnderLoad({
    hostname,
    port: server.addr.port,
    ...SHORT,
    connections: 1,
    payload: { size: 64 },
    expectations: [
      { metric: "responsiveness", operator: ">", limit: 0, unit: "per-minute" },
      { metric: "loaded.p99", operator: "<", limit: 60e6, unit: "us" },
    ],
  });
  assertEquals(passed, true);
  const { phases, left_out } = measured.under_load!;
  assertEquals(phases.map(({ phase }) => phase), ["quiet", "both"]);
  assertEquals(left_out, ["out", "back"]);
});

Deno.test("measureTcpUnderLoad() fails where a port is of another service than it was said to be", async () => {
  await using server = serveTcp({ hostname, port: 0 });
  const { failure, measured } = await measureTcpUnderLoad({
    hostname,
    port: server.addr.port,
    discardPort: server.addr.port,
    ...SHORT,
    connections: 1,
    payload: { size: 64 },
  });
  assertEquals(failure?.code, "difference");
  assert(failure!.message.startsWith("bulk out: "), failure!.message);
  // Nothing is loaded after that.
  const phases = measured.under_load!.phases.map(({ phase }) => phase);
  assert(!phases.includes("both"), phases.join());
});

Deno.test("measureTcpUnderLoad() rejects where the bulk traffic finds no server", async () => {
  await using server = serveTcp({ hostname, port: 0 });
  const closed = serveTcp({ hostname, port: 0 });
  const discardPort = closed.addr.port;
  await closed.shutdown();
  const error = await assertRejects(() =>
    measureTcpUnderLoad({
      hostname,
      port: server.addr.port,
      discardPort,
      ...SHORT,
      payload: { size: 64 },
    }), EchosounderError);
  assertEquals(error.code, "cannot-connect");
});

Deno.test("measureTcpUnderLoad() ends soon when it is stopped, with the phases so far", async () => {
  const { server, ports } = serveAll();
  await using _ = server;
  const stopping = new AbortController();
  const result = await measureTcpUnderLoad({
    hostname,
    ...ports,
    ...SHORT,
    longestPhase: 60_000,
    connections: 1,
    payload: { size: 64 },
    signal: stopping.signal,
    onEvent: (event: TcpClientEvent) => {
      if (event.event === "load-interval" && event.phase === "out") {
        stopping.abort();
      }
    },
  });
  assertEquals(result.failure?.code, "stopped");
  assertEquals(
    result.measured.under_load!.phases.map(({ phase }) => phase),
    ["quiet", "out"],
  );
});

Deno.test("measureUdpUnderLoad() probes with datagrams beside bulk traffic over TCP", async () => {
  await using server = serveUdp({ hostname, port: 0 });
  const { server: bulk, ports } = serveAll();
  await using _ = bulk;
  const { measured } = await measureUdpUnderLoad({
    hostname,
    port: server.addr.port,
    size: 64,
    ...SHORT,
    bulk: "TCP",
    loads: tcpLoads({ hostname, ...ports, connections: 1 }),
  });
  const { phases } = measured.under_load!;
  assertEquals(
    phases.map(({ phase, lost }) => [phase, typeof lost]),
    ["quiet", "out", "back", "both"].map((phase) => [phase, "number"]),
  );
});

Deno.test("measureUdpUnderLoad() sends bulk datagrams at their rate, both ways and out", async () => {
  await using server = serveUdp({ hostname, port: 0 });
  await using discard = serveUdp({ hostname, port: 0, service: "discard" });
  const { measured } = await measureUdpUnderLoad({
    hostname,
    port: server.addr.port,
    size: 64,
    ...SHORT,
    bulk: "UDP",
    loads: udpLoads({
      hostname,
      port: server.addr.port,
      discardPort: discard.addr.port,
      bytesPerSecond: 140_000,
      connections: 1,
    }),
  });
  const { phases, left_out } = measured.under_load!;
  assertEquals(phases.map(({ phase }) => phase), ["quiet", "out", "both"]);
  assertEquals(left_out, ["back"]);
  for (const { sent_bytes_per_second: sent } of phases.slice(1)) {
    assert(sent! > 50_000 && sent! < 300_000, String(sent));
  }
});
