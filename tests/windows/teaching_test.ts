/**
 * The teaching text's own four programs on Winsock, with their faults, beside our
 * programs and the examples.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Role } from "../../cli/roles.ts";
import { parseEvents } from "../setup/events.ts";
import { endOf, runExample, startExample } from "../setup/example.ts";
import {
  type Outcome,
  runRole,
  startRole,
  type TestProcess,
} from "../setup/process.ts";
import { freePort } from "../setup/free_port.ts";
import { until } from "../setup/until.ts";
import { testWhere } from "../setup/where.ts";
import { startWindows, WINDOWS } from "./windows_process.ts";

const HOST = "127.0.0.1";
const PORT = `${WINDOWS?.teachingPort}`;
const PEER = `${HOST}:${PORT}`;

const TCP_CLIENT_LINES =
  "Bytes Sent: 14\nBytes received: 14\nConnection closed\n";
const TCP_SERVER_LINES =
  "Bytes received: 14\nBytes sent: 14\nConnection closing...\n";

function teachingTest(name: string, fn: () => Promise<void>): void {
  testWhere(WINDOWS !== undefined, "deno task test:windows runs it", name, fn);
}

/**
 * A test of the text's UDP client. It sends to the address 0.0.0.0, which Windows
 * refuses; under Wine, that is the machine itself.
 */
function unsetAddressTest(name: string, fn: () => Promise<void>): void {
  const given = WINDOWS?.root !== undefined;
  testWhere(given, "deno task test:windows runs it under Wine", name, fn);
}

function startTeaching(role: Role, args: string[] = []): TestProcess {
  return startWindows(`teaching_${role.replace("-", "_")}`, args);
}

/**
 * Under Wine, the first program starts services that the last one ends, and
 * programs that come meanwhile may hang. So one program stays there for as long as
 * the tests run.
 */
let session: TestProcess | undefined;

Deno.test.beforeAll(async () => {
  if (WINDOWS?.root === undefined) return;
  session = startWindows("tcp_server", [`${freePort()}`]);
  await session.shows("ready");
});

Deno.test.afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
});

/** Waits for the end of one of the text's programs; its lines end as here. */
async function endOfTeaching(process: TestProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await endOf(process);
  return { code, stdout: stdout.replaceAll("\r\n", "\n"), stderr };
}

async function runTeaching(role: Role, args?: string[]): Promise<Outcome> {
  await using process = startTeaching(role, args);
  return await endOfTeaching(process);
}

/** Runs a client until its server is there: the text's servers do not say when. */
async function insist(run: () => Promise<Outcome>): Promise<Outcome> {
  let last: Outcome | undefined;
  await until(
    async () => (last = await run()).code === 0,
    "a server that answers",
    30_000,
  );
  return last!;
}

teachingTest(
  "the text's TCP server prints its lines for tcp-client",
  async () => {
    await using server = startTeaching("tcp-server");
    const asked = await runRole("tcp-client", [PEER, "--retry-for", "20s"]);
    assertEquals([asked.code, asked.stdout], [0, TCP_CLIENT_LINES]);
    const { code, stdout } = await endOfTeaching(server);
    assertEquals([code, stdout], [0, TCP_SERVER_LINES]);
  },
);

teachingTest(
  "the text's TCP server prints its lines for the example of a client",
  async () => {
    await using server = startTeaching("tcp-server");
    const asked = await insist(() => runExample("tcp-client", [HOST, PORT]));
    assertEquals(asked.stdout, TCP_CLIENT_LINES);
    const { code, stdout } = await endOfTeaching(server);
    assertEquals([code, stdout], [0, TCP_SERVER_LINES]);
  },
);

teachingTest(
  "tcp-server --once prints the text's lines for the text's TCP client",
  async () => {
    const args = ["--host", HOST, "--port", PORT, "--once"];
    await using server = startRole("tcp-server", args);
    await server.listening();
    const asked = await runTeaching("tcp-client", [HOST]);
    assertEquals([asked.code, asked.stdout], [0, TCP_CLIENT_LINES]);
    const { code, stdout } = await endOf(server);
    assertEquals([code, stdout.endsWith(`\n${TCP_SERVER_LINES}`)], [0, true]);
  },
);

teachingTest(
  "the example of a TCP server prints the text's lines for the text's TCP client",
  async () => {
    await using server = startExample("tcp-server", [PORT]);
    await server.shows("Listening");
    const asked = await runTeaching("tcp-client", [HOST]);
    assertEquals([asked.code, asked.stdout], [0, TCP_CLIENT_LINES]);
    const { code, stdout } = await endOf(server);
    assertEquals([code, stdout.endsWith(`\n${TCP_SERVER_LINES}`)], [0, true]);
  },
);

teachingTest(
  "the text's TCP programs print their lines to each other",
  async () => {
    await using server = startTeaching("tcp-server");
    const asked = await insist(() => runTeaching("tcp-client", [HOST]));
    assertEquals(asked.stdout, TCP_CLIENT_LINES);
    const { code, stdout } = await endOfTeaching(server);
    assertEquals([code, stdout], [0, TCP_SERVER_LINES]);
  },
);

teachingTest(
  "the text's TCP client says that it needs a server, and that there is none",
  async () => {
    const unnamed = await runTeaching("tcp-client");
    assertEquals(unnamed.code, 1);
    assert(unnamed.stdout.startsWith("usage: "), unnamed.stdout);
    const alone = await runTeaching("tcp-client", [HOST]);
    assertEquals([alone.code, alone.stdout], [
      1,
      "Unable to connect to server!\n",
    ]);
  },
);

teachingTest(
  "the text's UDP server answers udp-client's 1024 bytes",
  async () => {
    await using server = startTeaching("udp-server");
    const args = [PEER, "--size", "1024", "--retry-for", "20s"];
    const asked = await runRole("udp-client", args);
    assertEquals([asked.code, asked.stderr], [0, ""]);
    assertEquals((await endOfTeaching(server)).code, 0);
  },
);

for (const size of ["14", "1025"]) {
  teachingTest(
    `the text's UDP server answers 1024 bytes to ${size}, and udp-client says so`,
    async () => {
      await using server = startTeaching("udp-server");
      const args = [PEER, "--size", size, "--retry-for", "20s"];
      const { code, stderr } = await runRole("udp-client", args);
      assertEquals(code, 1);
      assert(stderr.includes("1024"), stderr);
      assertEquals((await endOfTeaching(server)).code, 0);
    },
  );
}

teachingTest(
  "the text's UDP server answers the example of a client, with more than it got",
  async () => {
    await using server = startTeaching("udp-server");
    const asked = await insist(() => runExample("udp-client", [HOST, PORT]));
    assert(asked.stdout.startsWith("this is a test"), asked.stdout);
    assert(asked.stdout !== "this is a test\n", asked.stdout);
    const { stdout } = await endOfTeaching(server);
    assert(stdout.startsWith("this is a test"), stdout);
  },
);

unsetAddressTest(
  "udp-server answers the 1024 bytes of the text's UDP client",
  async () => {
    const args = ["--host", "0.0.0.0", "--port", PORT, "--once", "--json"];
    await using server = startRole("udp-server", args);
    await server.listening();
    assertEquals((await runTeaching("udp-client")).code, 0);
    const { code, stdout } = await endOf(server);
    const { bytes_received, bytes_sent } = parseEvents(stdout).at(-1)!;
    assertEquals([code, bytes_received, bytes_sent], [0, 1024, 1024]);
  },
);

unsetAddressTest(
  "the example of a UDP server answers the text's UDP client",
  async () => {
    await using server = startExample("udp-server", [PORT]);
    await server.shows("Listening");
    assertEquals((await runTeaching("udp-client")).code, 0);
    assertEquals((await endOf(server)).code, 0);
  },
);

unsetAddressTest(
  "the text's UDP client takes its own datagram for an answer where there is no server",
  async () => {
    assertEquals((await runTeaching("udp-client")).code, 0);
  },
);
