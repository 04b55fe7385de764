/**
 * `--start-at`, with the programs.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { runRole, startRole } from "../setup/process.ts";
import { TcpPeer } from "../setup/tcp_peer.ts";
import { signalTest } from "../setup/where.ts";

/** So many milliseconds from now, as a date and a time. */
function inMilliseconds(milliseconds: number): string {
  return new Date(Date.now() + milliseconds).toISOString();
}

for (const transport of ["tcp", "udp"] as const) {
  Deno.test(`${transport}-client says what it waits for, and starts then`, async () => {
    await using server = startRole(`${transport}-server`, [
      ...["--host", "127.0.0.1", "--port", "0"],
    ]);
    const target = `127.0.0.1:${await server.listening()}`;
    const at = inMilliseconds(3000);
    const { code, stdout, stderr } = await runRole(`${transport}-client`, [
      ...[target, "--count", "3", "--start-at", at, "--json"],
    ]);
    assertEquals([code, stderr], [0, ""]);
    const [waiting, ...rest] = parseEvents(stdout);
    assert(waiting.event === "waiting");
    assertEquals(waiting.until, at);
    assert(waiting.wait_us > 0 && waiting.wait_us <= 3_000_000);
    assert(rest.length > 1);
    for (const { time } of rest) assert(time >= at, `${time} is before ${at}`);
  });
}

Deno.test("tcp-client connects only after it has waited", async () => {
  const at = Date.now() + 3000;
  let acceptedAt = 0;
  await using peer = new TcpPeer(() => {
    acceptedAt = Date.now();
    return Promise.resolve();
  });
  const { stdout } = await runRole("tcp-client", [
    ...[`127.0.0.1:${peer.port}`, "--connect-only"],
    ...["--start-at", new Date(at).toISOString()],
  ]);
  assert(acceptedAt >= at, `${acceptedAt} is before ${at}`);
  assertStringIncludes(stdout, "Waiting until ");
});

signalTest("Ctrl+C ends a client that waits to start", async () => {
  await using client = startRole("udp-client", [
    ...["127.0.0.1", "--count", "3", "--start-at", inMilliseconds(60_000)],
  ]);
  await client.shows("Waiting until ");
  client.signal("SIGINT");
  const { code, stderr } = await client.outcome();
  assertEquals(code, 130);
  assertEquals(stderr, "udp-client: stopped before it started\n");
});

Deno.test("a client refuses to start in the past", async () => {
  const { code, stderr } = await runRole("udp-client", [
    ...["127.0.0.1", "--start-at", "2026-01-02T03:04:05Z"],
  ]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, '"2026-01-02T03:04:05Z" is past');
});
