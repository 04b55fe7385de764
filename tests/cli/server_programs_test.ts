import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { bytes, read, writeAll } from "../setup/bytes.ts";
import { runRole, startRole } from "../setup/process.ts";
import { sendAndReset } from "../setup/tcp_peer.ts";
import { UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { signalTest } from "../setup/where.ts";
import { exchange, LOCAL } from "../setup/exchange.ts";

const HOST = "127.0.0.1";

signalTest(
  "tcp-server closes remaining connections when its grace is over",
  async () => {
    await using server = startRole("tcp-server", [
      ...LOCAL,
      "--json",
      "--grace",
      "100ms",
    ]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("x"));
    await read(conn, 1);
    server.signal("SIGINT");
    const { code, stdout } = await server.outcome();
    const summary = parseEvents(stdout).at(-1)!;
    assertEquals([code, summary.connections.cut_off], [0, 1]);
  },
);

signalTest(
  "tcp-server exits at once, with 130, at a second signal",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--grace", "1h"]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("x"));
    await read(conn, 1);
    server.signal("SIGINT");
    await until(
      () => server.stderr.includes("SIGINT"),
      "the first signal's notice",
    );
    await server.signalAgain("SIGINT");
    assertEquals((await server.outcome()).code, 130);
  },
);

signalTest(
  "tcp-server counts a signal that comes twice at once as one",
  async () => {
    await using server = startRole("tcp-server", [...LOCAL, "--json"]);
    const port = await server.listening();
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("x"));
    await read(conn, 1);
    server.signal("SIGINT");
    server.signal("SIGINT");
    await until(() => server.stderr.includes("SIGINT"), "the signal's notice");
    await conn.closeWrite();
    const { code, stdout } = await server.outcome();
    assertEquals([code, parseEvents(stdout).at(-1)?.event], [0, "summary"]);
  },
);

signalTest("udp-server sums up at SIGTERM and exits 0", async () => {
  const { served } = await exchange("udp-server", ["--json"], "udp-client", [
    "--size",
    "1000",
    "-c",
    "3",
  ]);
  const summary = parseEvents(served.stdout).at(-1)!;
  assertEquals(
    [
      served.code,
      summary.datagrams.received,
      summary.datagrams.sent,
      summary.bytes_sent,
    ],
    [0, 3, 3, 3000],
  );
});

Deno.test("tcp-server --once exits 4 when its client breaks off", async () => {
  await using server = startRole("tcp-server", [...LOCAL, "--once"]);
  await sendAndReset(await server.listening(), bytes("abc"));
  const { code, stdout } = await server.outcome();
  assertEquals(code, 4);
  assert(stdout.includes("reset (connection reset by the peer)"), stdout);
});

signalTest(
  "tcp-server --idle-timeout, --max-connections and --allow reach the server",
  async () => {
    await using server = startRole("tcp-server", [
      ...LOCAL,
      "--json",
      "--idle-timeout",
      "200ms",
      "--max-connections",
      "1",
      "--allow",
      "127.0.0.1",
      "--allow",
      "::1",
    ]);
    const port = await server.listening();
    using first = await Deno.connect({ hostname: HOST, port });
    await writeAll(first, bytes("x"));
    await read(first, 1);
    using second = await Deno.connect({ hostname: HOST, port });
    assertEquals((await read(second)).length, 0);
    assertEquals((await read(first)).length, 0);
    server.signal("SIGTERM");
    const summary = parseEvents((await server.outcome()).stdout).at(-1)!;
    assertEquals([
      summary.connections.accepted,
      summary.rejected,
      summary.connections.idle,
    ], [
      1,
      1,
      1,
    ]);
  },
);

for (const role of ["tcp-server", "udp-server"] as const) {
  Deno.test(`${role} exits 3 where its port is taken, and says what to do`, async () => {
    await using first = startRole(role, LOCAL);
    const port = await first.listening();
    const { code, stderr } = await runRole(role, [
      "--host",
      HOST,
      "--port",
      String(port),
    ]);
    assertEquals(code, 3);
    assertEquals(
      stderr,
      `${role}: cannot bind ${HOST}:${port}: address already in use; ` +
        "choose another port with --port, or a free one with --port 0\n",
    );
  });

  Deno.test(`${role} goes on serving when nobody reads its output`, async () => {
    await using serving = startRole(role, [...LOCAL, "--log-level", "debug"]);
    const port = await serving.listening();
    serving.stopReading();
    const client = role === "tcp-server" ? "tcp-client" : "udp-client";
    for (let i = 0; i < 3; i++) {
      assertEquals((await runRole(client, [`${HOST}:${port}`])).code, 0);
    }
    await until(() => serving.stderr.includes("still serving"), "a notice");
  });
}

signalTest("udp-server --service and --allow reach the server", async () => {
  await using server = startRole("udp-server", [
    ...LOCAL,
    "--json",
    "--service",
    "discard",
    "--allow",
    "127.0.0.1",
  ]);
  const port = await server.listening();
  using socket = new UdpSocket();
  await socket.send(bytes("x"), port);
  const unanswered = await runRole("udp-client", [
    `${HOST}:${port}`,
    "--timeout",
    "100ms",
  ]);
  assertEquals(unanswered.code, 4);
  server.signal("SIGTERM");
  const summary = parseEvents((await server.outcome()).stdout).at(-1)!;
  assertEquals([summary.datagrams.received, summary.datagrams.sent], [2, 0]);
});
