/**
 * The examples talk to our programs and to each other.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ROLES } from "../../cli/roles.ts";
import { noise } from "../setup/bytes.ts";
import {
  endOf,
  exampleFile,
  listeningExample,
  runExample,
  startExample,
} from "../setup/example.ts";
import { LOCAL } from "../setup/exchange.ts";
import { freePort } from "../setup/free_port.ts";
import { ROOT, runRole, startRole } from "../setup/process.ts";
import { sendAndReset } from "../setup/tcp_peer.ts";
import { UdpPeer, UdpSocket } from "../setup/udp_peer.ts";

const HOST = "127.0.0.1";

const CLIENT_LINES = "Bytes Sent: 14\nBytes received: 14\nConnection closed\n";
const SERVER_LINES =
  "Bytes received: 14\nBytes sent: 14\nConnection closing...\n";

/** What a server printed after the line that says where it listens. */
function afterFirstLine(stdout: string): string {
  return stdout.slice(stdout.indexOf("\n") + 1);
}

Deno.test("each example is 15 to 30 lines long", () => {
  const lengths = ROLES.map(({ role }) =>
    Deno.readTextFileSync(ROOT + exampleFile(role)).split("\n").length - 1
  );
  assertEquals(
    lengths.filter((length) => length < 15 || length > 30),
    [],
    `${lengths}`,
  );
});

Deno.test("the TCP examples print the text's lines to each other", async () => {
  await using server = startExample("tcp-server", ["0"]);
  const port = await listeningExample(server);
  const asked = await runExample("tcp-client", ["localhost", `${port}`]);
  assertEquals(asked, { code: 0, stdout: CLIENT_LINES, stderr: "" });
  const served = await endOf(server);
  assertEquals([served.code, served.stderr], [0, ""]);
  assertEquals(afterFirstLine(served.stdout), SERVER_LINES);
});

Deno.test("tcp-client gets 5 MB back from the example of a server", async () => {
  await using server = startExample("tcp-server", ["0"]);
  const port = await listeningExample(server);
  const asked = await runRole("tcp-client", [
    `${HOST}:${port}`,
    "--size",
    "5MB",
  ]);
  assertEquals([asked.code, asked.stderr], [0, ""]);
  const { code, stdout } = await endOf(server);
  assertEquals(code, 0);
  assert(stdout.endsWith("Connection closing...\n"), stdout);
});

Deno.test("the example of a TCP client gets its text back from tcp-server", async () => {
  await using server = startRole("tcp-server", [...LOCAL, "--once"]);
  const port = await server.listening();
  const asked = await runExample("tcp-client", [HOST, `${port}`]);
  assertEquals(asked, { code: 0, stdout: CLIENT_LINES, stderr: "" });
  const served = await endOf(server);
  assertEquals(afterFirstLine(served.stdout), SERVER_LINES);
});

Deno.test("the UDP examples print the text to each other", async () => {
  await using server = startExample("udp-server", ["0"]);
  const port = await listeningExample(server);
  const asked = await runExample("udp-client", [HOST, `${port}`]);
  assertEquals(asked, { code: 0, stdout: "this is a test\n", stderr: "" });
  const served = await endOf(server);
  assertEquals([served.code, served.stderr], [0, ""]);
  assertEquals(afterFirstLine(served.stdout), "this is a test\n");
});

for (const size of ["0", "65507"]) {
  Deno.test(`udp-client gets ${size} bytes back from the example of a server`, async () => {
    await using server = startExample("udp-server", ["0"]);
    const port = await listeningExample(server);
    const asked = await runRole("udp-client", [
      `${HOST}:${port}`,
      "--size",
      size,
    ]);
    assertEquals([asked.code, asked.stderr], [0, ""]);
    assertEquals((await endOf(server)).code, 0);
  });
}

Deno.test("the example of a UDP client gets its text back from udp-server", async () => {
  await using server = startRole("udp-server", [...LOCAL, "--once"]);
  const port = await server.listening();
  const asked = await runExample("udp-client", [HOST, `${port}`]);
  assertEquals(asked, { code: 0, stdout: "this is a test\n", stderr: "" });
  assertEquals((await endOf(server)).code, 0);
});

Deno.test("the examples give up on a peer that is silent", async () => {
  // The system accepts for it; nobody reads.
  using tcp = Deno.listen({ hostname: HOST, port: 0 });
  await using udp = new UdpPeer(() => {});
  await using server = startExample("tcp-server", ["0"]);
  const port = await listeningExample(server);
  using _silent = await Deno.connect({ hostname: HOST, port });
  const outcomes = await Promise.all([
    runExample("tcp-client", [HOST, `${tcp.addr.port}`]),
    runExample("udp-client", [HOST, `${udp.port}`]),
    endOf(server),
  ]);
  assertEquals(outcomes.map(({ code }) => code), [1, 1, 1]);
  const [asked, sent, served] = outcomes.map(({ stderr }) => stderr);
  assert(asked.includes("no answer for 5 s"), asked);
  assert(sent.includes("no answer for 5 s"), sent);
  assert(served.includes("the client is silent"), served);
});

Deno.test("the examples of servers fail where their port is taken", async () => {
  using listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  using socket = new UdpSocket();
  const outcomes = await Promise.all([
    runExample("tcp-server", [`${listener.addr.port}`]),
    runExample("udp-server", [`${socket.port}`]),
  ]);
  for (const { code, stderr } of outcomes) {
    assertEquals(code, 1);
    assert(stderr.includes("AddrInUse"), stderr);
  }
});

Deno.test("the example of a TCP client fails where nobody listens", async () => {
  const { code, stderr } = await runExample("tcp-client", [
    HOST,
    `${freePort()}`,
  ]);
  assertEquals(code, 1);
  assert(stderr.includes("ConnectionRefused"), stderr);
});

Deno.test("the examples of clients print a usage line without a server", async () => {
  for (const role of ["tcp-client", "udp-client"] as const) {
    const { code, stdout, stderr } = await runExample(role, []);
    assertEquals([code, stdout], [1, ""]);
    assert(stderr.startsWith("usage: "), stderr);
  }
});

Deno.test("the example of a TCP server fails where its client resets", async () => {
  await using server = startExample("tcp-server", ["0"]);
  const port = await listeningExample(server);
  await sendAndReset(port, noise(1000));
  const { code, stderr } = await endOf(server);
  assertEquals(code, 1);
  assert(stderr.includes("ConnectionReset"), stderr);
});
