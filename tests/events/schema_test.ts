/**
 * The schema of the events, held against their types and what the programs write.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import schema from "../../events/events.schema.json" with { type: "json" };
import { eventsSchema } from "../../tasks/schema/events_schema.ts";
import { ALL_KINDS, kindOf, parseEvents } from "../setup/events.ts";
import {
  isFromSource,
  roleCommand,
  ROOT,
  runRole,
  startRole,
  TestProcess,
} from "../setup/process.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";
import { until } from "../setup/until.ts";
import { bytes } from "../setup/bytes.ts";
import { testWhere } from "../setup/where.ts";

testWhere(
  isFromSource(),
  "the types are not in the executables",
  "events.schema.json is what the event types generate",
  async () => {
    const file = await Deno.readTextFile(`${ROOT}events/events.schema.json`);
    assert(
      file.replaceAll("\r\n", "\n") === eventsSchema(),
      "the event types have changed: run deno task schema",
    );
  },
);

Deno.test("the schema bounds every number from below, and every count to what is exact", () => {
  const unbounded: string[] = [];
  const look = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    const { type, minimum, maximum, ...rest } = value as Record<
      string,
      unknown
    >;
    const isExact = type !== "integer" || Number.isSafeInteger(maximum);
    const isNumber = type === "number" || type === "integer";
    const isFixed = "const" in rest || "enum" in rest;
    if (isNumber && !isFixed && !(typeof minimum === "number" && isExact)) {
      unbounded.push(path);
    }
    for (const [name, part] of Object.entries(value)) {
      look(part, `${path}/${name}`);
    }
  };
  look(schema, "");
  assertEquals(unbounded, []);
});

Deno.test("the schema lets nothing in that it does not name", () => {
  const open: string[] = [];
  const look = (value: unknown, path: string) => {
    if (typeof value !== "object" || value === null) return;
    const { type, additionalProperties } = value as Record<string, unknown>;
    if (type === "object" && additionalProperties !== false) open.push(path);
    for (const [name, part] of Object.entries(value)) {
      look(part, `${path}/${name}`);
    }
  };
  look(schema, "");
  assertEquals(open, []);
});

/** What no test can provoke: a UDP socket that fails, a system's time that is set. */
const OUT_OF_REACH = ["udp-server FaultEvent", "udp-server ClockSteppedEvent"];

/** A port on which nothing listens: no system gives it to a server that takes a free one. */
const NOBODY = "127.0.0.1:1";

const LINUX = Deno.build.os === "linux";

Deno.test("every event that the schema knows is written by the programs that it names", async () => {
  const scenarios: (() => Promise<string>)[] = [
    ...(["tcp-server", "udp-server", "tcp-client", "udp-client"] as const).map(
      (role) => async () => (await runRole(role, ["--json", "--xyzzy"])).stdout,
    ),
    () => bothSides("tcp"),
    () => bothSides("udp"),
    () => rejection("tcp"),
    () => rejection("udp"),
    () => oneClient("tcp-client", [NOBODY]),
    () => oneClient("udp-client", [NOBODY, "--timeout", "50ms"]),
    lossAndStrays,
    suppression,
    ...(["tcp-client", "udp-client"] as const).map((role) => async () =>
      (await runRole(role, ["--json", "127.0.0.1:1", "127.0.0.1:2"])).stdout
    ),
    () => waiting("tcp-client"),
    () => waiting("udp-client"),
    udpOutage,
    tcpOutage,
    connecting,
    idle,
    underLoad,
    drop,
    ...LINUX ? [() => progress("tcp"), () => progress("udp"), fault] : [],
  ];
  // A few at a time: each starts programs, and all at once they would be slow.
  const outputs: string[] = [];
  while (scenarios.length > 0) {
    const some = scenarios.splice(0, 4);
    outputs.push(...await Promise.all(some.map((scenario) => scenario())));
  }
  const seen = new Set(outputs.flatMap(parseEvents).map(kindOf));
  const unseen = ALL_KINDS.filter((kind) => !seen.has(kind));
  // Signals ask for the figures so far; Windows has but Ctrl+Break.
  const exempt = LINUX ? OUT_OF_REACH : [
    ...OUT_OF_REACH,
    "tcp-server FaultEvent",
    "tcp-server ServerProgressEvent",
    "udp-server ServerProgressEvent",
    "tcp-client ClientProgressEvent",
    "udp-client ClientProgressEvent",
  ];
  assertEquals(unseen, exempt);
});

/** Both clients under a little load. */
async function underLoad(): Promise<string> {
  await using tcp = startRole("tcp-server", ["--json", "--port", "0"]);
  await using udp = startRole("udp-server", ["--json", "--port", "0"]);
  const bulkPort = String(await tcp.listening());
  const more = ["--under-load", "--connections", "1", "--phase-time", "1s"];
  const outputs = await Promise.all([
    runRole("tcp-client", ["--json", `127.0.0.1:${bulkPort}`, ...more]),
    runRole("udp-client", [
      "--json",
      `127.0.0.1:${await udp.listening()}`,
      ...more,
      "--bulk-port",
      bulkPort,
    ]),
  ]);
  return outputs.map(({ stdout }) => stdout).join("");
}

/** A server and its client: one message, then some that are measured. */
async function bothSides(transport: "tcp" | "udp"): Promise<string> {
  await using server = startRole(`${transport}-server`, [
    "--port",
    "0",
    "--json",
    "--log-level",
    "debug",
    "--metrics",
    "0",
  ]);
  const target = `127.0.0.1:${await server.listening()}`;
  const one = await runRole(`${transport}-client`, [target, "--json"]);
  const many = await runRole(`${transport}-client`, [
    target,
    "--json",
    "--interval",
    "200ms",
    "--duration",
    "1200ms",
    "--metrics",
    "0",
  ]);
  const swept = await runRole(`${transport}-client`, [
    target,
    "--json",
    "--size",
    "64,512",
    "--count",
    "2",
  ]);
  server.signal("SIGTERM");
  const { stdout } = await server.outcome();
  return one.stdout + many.stdout + swept.stdout + stdout;
}

/** A server that rejects its only client. */
async function rejection(transport: "tcp" | "udp"): Promise<string> {
  await using server = startRole(`${transport}-server`, [
    "--port",
    "0",
    "--json",
    "--allow",
    "192.0.2.1",
  ]);
  const target = `127.0.0.1:${await server.listening()}`;
  await runRole(`${transport}-client`, [target, "--timeout", "100ms"]);
  await server.shows('"rejected"');
  server.signal("SIGTERM");
  return (await server.outcome()).stdout;
}

/** A client that tries to connect again, and fails. */
async function oneClient(
  role: "tcp-client" | "udp-client",
  args: string[],
): Promise<string> {
  await using client = startRole(role, [
    ...args,
    "--json",
    "--retry-for",
    "1h",
  ]);
  await client.shows('"retry"');
  client.signal("SIGINT");
  return (await client.outcome()).stdout;
}

/** A client that waits to start. */
async function waiting(role: "tcp-client" | "udp-client"): Promise<string> {
  const at = new Date(Date.now() + 3_600_000).toISOString();
  await using client = startRole(role, [NOBODY, "--json", "--start-at", at]);
  await client.shows('"waiting"');
  return client.stdout;
}

/** A client that only connects, where nobody listens. */
async function connecting(): Promise<string> {
  return (await runRole("tcp-client", [NOBODY, "--connect-only", "--json"]))
    .stdout;
}

/** A client that leaves connections idle. */
async function idle(): Promise<string> {
  await using server = startRole("tcp-server", ["--port", "0"]);
  const target = `127.0.0.1:${await server.listening()}`;
  const range = ["--idle", "10ms..50ms"];
  return (await runRole("tcp-client", [target, ...range, "--json"])).stdout;
}

/** A peer that answers the first message twice, and no other. */
async function lossAndStrays(): Promise<string> {
  await using peer = new UdpPeer(async (datagram, answer, number) => {
    if (number > 1) return;
    await answer(datagram);
    await answer(datagram);
  });
  const { stdout } = await runRole("udp-client", [
    `127.0.0.1:${peer.port}`,
    "--json",
    "--log-level",
    "debug",
    "--count",
    "3",
    "--timeout",
    "100ms",
  ]);
  return stdout;
}

/** A server that gets the same datagram repeatedly. */
async function suppression(): Promise<string> {
  await using server = startRole("udp-server", ["--port", "0", "--json"]);
  const port = await server.listening();
  using socket = new UdpSocket();
  while (!server.stdout.includes('"suppressed"')) {
    for (let i = 0; i < 100; i++) await socket.send(bytes("again"), port);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  server.signal("SIGTERM");
  return (await server.outcome()).stdout;
}

/** A reflector that gets something else than a test packet. */
async function drop(): Promise<string> {
  await using server = startRole("udp-server", [
    "--port",
    "0",
    "--json",
    "--service",
    "stamp",
  ]);
  using socket = new UdpSocket();
  await socket.send(bytes("no packet"), await server.listening());
  await server.shows('"dropped"');
  server.signal("SIGTERM");
  return (await server.outcome()).stdout;
}

/** A server that runs out of descriptors. */
async function fault(): Promise<string> {
  await using server = new TestProcess([
    "sh",
    "-c",
    'ulimit -n 60; exec "$@"',
    "sh",
    ...roleCommand("tcp-server"),
    "--port",
    "0",
    "--json",
  ]);
  const port = await server.listening();
  const crowd = await Promise.all(
    Array.from(
      { length: 80 },
      () => Deno.connect({ hostname: "127.0.0.1", port }),
    ),
  );
  await until(() => server.stdout.includes('"fault"'), "a failed accept");
  for (const conn of crowd) conn.close();
  server.signal("SIGTERM");
  return (await server.outcome()).stdout;
}

/** A server and its client that are asked what they have done so far. */
async function progress(transport: "tcp" | "udp"): Promise<string> {
  const args = ["--port", "0", "--json"];
  await using server = startRole(`${transport}-server`, args);
  const target = `127.0.0.1:${await server.listening()}`;
  await using client = startRole(`${transport}-client`, [
    target,
    "--json",
    "--interval",
    "20ms",
  ]);
  await client.shows('"received"');
  client.signal("SIGUSR1");
  server.signal("SIGUSR1");
  await client.shows('"progress"');
  await server.shows('"progress"');
  client.signal("SIGHUP");
  server.signal("SIGHUP");
  return (await client.outcome()).stdout + (await server.outcome()).stdout;
}

/** A peer that leaves two messages unanswered. */
async function udpOutage(): Promise<string> {
  await using peer = new UdpPeer(async (datagram, answer, number) => {
    if (number < 3 || number > 4) await answer(datagram);
  });
  const args = ["--interval", "20ms", "--timeout", "100ms", "--count", "10"];
  const target = `127.0.0.1:${peer.port}`;
  return (await runRole("udp-client", [target, "--json", ...args])).stdout;
}

/** A peer that does not answer its first client. */
async function tcpOutage(): Promise<string> {
  let clients = 0;
  await using peer = new TcpPeer(async (conn) => {
    if (++clients > 1) await conn.readable.pipeTo(conn.writable);
    else await new Promise((resolve) => setTimeout(resolve, 300));
  });
  const args = ["--interval", "20ms", "--timeout", "100ms", "--duration", "1s"];
  const target = `127.0.0.1:${peer.port}`;
  return (await runRole("tcp-client", [target, "--json", ...args])).stdout;
}
