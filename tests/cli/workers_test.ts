import { assert, assertEquals } from "@std/assert";
import { type Line, parseEvents } from "../setup/events.ts";
import { read, writeAll } from "../setup/bytes.ts";
import { OWN_TEXT, Thread } from "../../cli/threads.ts";
import { isFromSource, runRole, type TestProcess } from "../setup/process.ts";
import { metricsUrl, scrape, scrapeUntil } from "../setup/scrape.ts";
import { UdpPeer } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { testWhere } from "../setup/where.ts";
import { removeBundles, startWithWorkers } from "../setup/workers.ts";

const HOST = "127.0.0.1";
const IS_LINUX = Deno.build.os === "linux";

Deno.test.afterAll(removeBundles);

/** Starts a server in three threads on a free port. */
function serve(...args: string[]): Promise<TestProcess> {
  return startWithWorkers("tcp-server", [
    ...["--workers", "3", "--host", HOST, "--port", "0", ...args],
  ]);
}

/** Runs a client to its end. */
async function run(role: "tcp-client" | "udp-client", ...args: string[]) {
  await using client = await startWithWorkers(role, args);
  return await client.outcome();
}

/** The lines of some kind of event. */
function linesOf(output: string, kind: string): Line[] {
  return parseEvents(output).filter(({ event }) => event === kind);
}

/** Connects, and has a byte echoed. */
async function connect(port: number): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: HOST, port });
  await writeAll(conn, new Uint8Array(1));
  await read(conn, 1);
  return conn;
}

testWhere(
  IS_LINUX,
  "needs Linux",
  "a tcp-server with workers serves one port, numbers its clients over all threads, and sums up once",
  async () => {
    await using server = await serve("--json", "--also", "discard:0");
    const port = await server.listening();
    const conns = await Promise.all(
      Array.from({ length: 20 }, () => connect(port)),
    );
    conns.forEach((conn) => conn.close());
    await until(
      () => linesOf(server.stdout, "connection-closed").length === 20,
      "the end of all clients",
    );
    const [{ also }] = linesOf(server.stdout, "listening");
    using discard = await Deno.connect({ hostname: HOST, port: also[0].port });
    await writeAll(discard, new Uint8Array(5));
    discard.closeWrite();
    assertEquals(await discard.read(new Uint8Array(1)), null);
    server.signal("SIGTERM");
    const { code, stdout } = await server.outcome();
    assertEquals(code, 0);
    assertEquals(linesOf(stdout, "listening").length, 1);
    const numbers = linesOf(stdout, "connection-opened").map((line) =>
      line.connection
    );
    assertEquals(
      numbers.toSorted((one, other) => one - other),
      Array.from({ length: 21 }, (_, i) => i + 1),
    );
    const [summary, ...others] = linesOf(stdout, "summary");
    assertEquals(others, []);
    assertEquals(summary.connections.accepted, 21);
    assertEquals([summary.bytes_received, summary.bytes_sent], [25, 20]);
  },
);

testWhere(
  IS_LINUX,
  "needs Linux",
  "--max-connections holds over all workers, and --metrics shows their sums",
  async () => {
    await using server = await serve(
      ...["--max-connections", "5", "--metrics", "0"],
    );
    const port = await server.listening();
    const url = await metricsUrl(server);
    const conns = await Promise.all(
      Array.from(
        { length: 12 },
        () => Deno.connect({ hostname: HOST, port }),
      ),
    );
    const all = await scrapeUntil(
      url,
      (metrics) =>
        metrics.value("rejected_total", 'reason="max-connections"') === 7,
      "seven rejections",
    );
    assertEquals(all.value("connections"), 5);
    assertEquals(all.value("max_connections"), 5);
    conns.forEach((conn) => conn.close());
    await until(
      async () => (await scrape(url)).value("connections") === 0,
      "the end of all clients",
    );
    (await connect(port)).close();
  },
);

testWhere(
  IS_LINUX,
  "needs Linux",
  "a tcp-server with workers lets its clients finish at the first signal, and ends at once at the second",
  async () => {
    for (const signals of [1, 2]) {
      await using server = await serve("--log-level", "info", "--grace", "1m");
      const port = await server.listening();
      const conns = await Promise.all([1, 2, 3, 4].map(() => connect(port)));
      server.signal("SIGINT");
      await until(() => server.stderr.includes("stopping"), "the first signal");
      if (signals === 2) await server.signalAgain("SIGINT");
      conns.forEach((conn) => conn.close());
      const { code, stdout } = await server.outcome();
      assertEquals(code, signals === 1 ? 0 : 130);
      assertEquals(
        stdout.includes("Stopped after"),
        signals === 1,
        stdout,
      );
    }
  },
);

testWhere(
  IS_LINUX,
  "needs Linux",
  "a tcp-server with workers cuts clients off when the grace is over",
  async () => {
    await using server = await serve("--json", "--grace", "10ms");
    const port = await server.listening();
    const conns = await Promise.all([1, 2, 3, 4].map(() => connect(port)));
    server.signal("SIGINT");
    const { code, stdout } = await server.outcome();
    conns.forEach((conn) => conn.close());
    assertEquals(code, 0);
    assertEquals(linesOf(stdout, "summary")[0].connections.cut_off, 4);
  },
);

testWhere(
  IS_LINUX,
  "needs Linux",
  "a tcp-server with workers does not share a port with another program",
  async () => {
    await using first = await serve();
    const port = String(await first.listening());
    await using second = await startWithWorkers("tcp-server", [
      ...["--workers", "2", "--host", HOST, "--port", port],
    ]);
    const { code, stderr } = await second.outcome();
    assertEquals(code, 3);
    assert(stderr.includes("address already in use"), stderr);
  },
);

testWhere(
  IS_LINUX,
  "needs Linux",
  "a tcp-client with workers has one result, to which connections, counts and delays of all add up",
  async () => {
    await using server = await serve();
    const port = await server.listening();
    const { code, stdout, stderr } = await run(
      "tcp-client",
      ...[`${HOST}:${port}`, "--json", "--workers", "3"],
      ...["--connections", "7", "--count", "5003", "--warmup", "100ms"],
      ...["--report-every", "50ms"],
    );
    assertEquals([code, stderr], [0, ""]);
    const [started, ...more] = linesOf(stdout, "started");
    assertEquals([started.connections, started.workers, more], [7, 3, []]);
    assertEquals(linesOf(stdout, "connected").length, 1);
    const [result, ...others] = linesOf(stdout, "result");
    assertEquals(others, []);
    assertEquals(result.messages_sent, 5003);
    assertEquals(result.messages_received, 5003);
    assertEquals(result.rtt_us.count, 5003);
    const { flows, warmup, instrument } = result.measured;
    assertEquals([flows.count, instrument.flows.count], [7, 7]);
    const ports = flows.each.map((flow: Line) => flow.local_port);
    assertEquals(new Set(ports).size, 7);
    const sent = flows.each.map((flow: Line) => flow.sent);
    assertEquals(sent.reduce((sum: number, n: number) => sum + n), 5003);
    assert(warmup.messages_sent > 0);
    const intervals = linesOf(stdout, "interval");
    const sumOf = (isWarmup: boolean, key: string) =>
      intervals.filter((line) => (line.warmup ?? false) === isWarmup)
        .reduce((sum, line) => sum + line[key], 0);
    assertEquals(sumOf(false, "messages_sent"), 5003);
    assertEquals(sumOf(false, "bytes_received"), result.bytes_received);
    assertEquals(sumOf(true, "messages_sent"), warmup.messages_sent);
    const ends = intervals.filter((line) => !line.warmup).map((line) =>
      line.elapsed_us
    );
    assertEquals(ends, ends.toSorted((one, other) => one - other));
  },
);

Deno.test("the rate, the duration and the expectations of a client hold over all workers", async () => {
  await using peer = new UdpPeer((data, answer) => answer(data));
  const { code, stdout } = await run(
    "udp-client",
    ...[`${HOST}:${peer.port}`, "--json", "--workers", "2"],
    ...["--connections", "5", "--rate", "500", "--duration", "1s"],
    ...["--size", "20..200", "--seed", "7"],
    ...["--expect", "throughput>=1Gbit/s", "--expect", "loss<=100%"],
  );
  assertEquals(code, 1);
  const [result] = linesOf(stdout, "result");
  assertEquals(result.messages_sent, 500);
  const held = result.expectations.map((each: Line) => each.held);
  assertEquals(held, [false, true]);
  assertEquals(linesOf(stdout, "started")[0].seed, 7);
  const spread = result.measured.flows.each.map((flow: Line) => flow.sent);
  assertEquals(spread.length, 5);
  assertEquals(
    result.messages_sent,
    result.messages_received + result.datagrams.lost,
  );
});

Deno.test("the flows of all workers are counted together: a loss on some is no outage, and each is found", async () => {
  const deaf = new Set<number>();
  await using peer = new UdpPeer((data, answer, _, { port }) => {
    // The first sender is never answered.
    if (deaf.size === 0) deaf.add(port);
    return deaf.has(port) ? Promise.resolve() : answer(data);
  });
  const { code, stdout } = await run(
    "udp-client",
    ...[`${HOST}:${peer.port}`, "--json", "--workers", "2"],
    ...["--connections", "4", "--rate", "400", "--duration", "1s"],
    ...["--timeout", "300ms"],
  );
  assertEquals(code, 1);
  const [result] = linesOf(stdout, "result");
  assert(result.datagrams.lost > 0);
  assertEquals(result.measured.outages.count, 0);
  const [worst] = result.measured.flows.each;
  assertEquals(worst.local_port, [...deaf][0]);
  assertEquals(worst.lost, result.datagrams.lost);
});

Deno.test("an outage of a client with workers is one of all flows", async () => {
  await using peer = new UdpPeer((data, answer, number) =>
    number > 200 && number <= 400 ? undefined : answer(data)
  );
  const { stdout } = await run(
    "udp-client",
    ...[`${HOST}:${peer.port}`, "--json", "--workers", "2"],
    ...["--connections", "4", "--rate", "400", "--duration", "2s"],
    ...["--timeout", "300ms"],
  );
  const [result] = linesOf(stdout, "result");
  assertEquals(linesOf(stdout, "outage-began").length, 1);
  assertEquals(linesOf(stdout, "outage-ended").length, 1);
  assertEquals(result.measured.outages.count, 1);
  assertEquals(result.datagrams.lost, 200);
});

testWhere(
  IS_LINUX,
  "needs signals",
  "a client with workers and without an end is ended by Ctrl+C, tells how far it is when asked, and judges what it has",
  async () => {
    await using peer = new UdpPeer((data, answer) => answer(data));
    await using client = await startWithWorkers("udp-client", [
      ...[`${HOST}:${peer.port}`, "--json", "--workers", "2"],
      ...["--connections", "4", "--rate", "200", "--report-every", "100ms"],
      ...["--metrics", "0"],
    ]);
    await client.shows('"event":"interval"');
    const url = await metricsUrl(client);
    const metrics = await scrapeUntil(
      url,
      (metrics) => (metrics.value("sent_total") ?? 0) > 0,
      "messages in the metrics",
    );
    assert(metrics !== undefined);
    client.signal("SIGUSR1");
    await client.shows('"event":"progress"');
    client.signal("SIGINT");
    const { code, stdout } = await client.outcome();
    assertEquals(code, 0);
    const [result] = linesOf(stdout, "result");
    assertEquals(result.passed, true);
    assert(result.messages_sent > 0);
  },
);

Deno.test("a client with workers tells once that nobody listens", async () => {
  const { code, stderr } = await run(
    "tcp-client",
    ...[`${HOST}:1`, "--workers", "2", "--connections", "4", "--count", "4"],
  );
  assertEquals(code, 3);
  assertEquals(stderr.trim().split("\n").length, 1, stderr);
  assert(stderr.includes("connection refused"), stderr);
});

Deno.test("a worker that dies is told", async () => {
  const scope = globalThis as { [OWN_TEXT]?: string };
  scope[OWN_TEXT] = 'throw new Error("the reason")';
  const { promise, resolve } = Promise.withResolvers<Error>();
  const thread = new Thread<never, never>(() => {}, resolve);
  try {
    const { message } = await promise;
    assert(message.startsWith("a worker has died"), message);
    assert(message.includes("the reason"), message);
  } finally {
    thread.end();
    delete scope[OWN_TEXT];
  }
});

testWhere(
  isFromSource(),
  "executables carry it",
  "from source, --workers says that it needs what the threads run",
  async () => {
    for (
      const args of [
        ["tcp-client", "localhost", "--connections", "2", "--count", "2"],
        ...IS_LINUX ? [["tcp-server"]] : [],
      ]
    ) {
      const [role, ...rest] = args;
      const { code, stderr } = await runRole(
        role as "tcp-client" | "tcp-server",
        [...rest, "--workers", "2"],
      );
      assertEquals(code, 2);
      assert(stderr.includes("--allow-read"), stderr);
    }
  },
);

Deno.test("a tcp-server does not divide the one client of --once among workers", async () => {
  const { code, stderr } = await runRole("tcp-server", [
    ...["--once", "--workers", "2"],
  ]);
  assertEquals(code, 2);
  assert(
    stderr.includes(
      "--once and --workers exclude each other: one client is one thread's",
    ),
    stderr,
  );
});
