import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "../setup/events.ts";
import { bytes, read, text, writeAll } from "../setup/bytes.ts";
import { roleCommand, runRole, TestProcess } from "../setup/process.ts";
import { until } from "../setup/until.ts";
import { isInstalled, testWhere } from "../setup/where.ts";

const LINUX = Deno.build.os === "linux";

testWhere(
  LINUX,
  "needs a shell's ulimit",
  "tcp-server survives running out of descriptors, and accepts clients again",
  async () => {
    await using server = new TestProcess([
      "sh",
      "-c",
      'ulimit -n 60; exec "$@"',
      "sh",
      ...roleCommand("tcp-server"),
      "--host",
      "127.0.0.1",
      "--port",
      "0",
      "--json",
    ]);
    const port = await server.listening();
    const connect = () => Deno.connect({ hostname: "127.0.0.1", port });
    const crowd = await Promise.all(Array.from({ length: 80 }, connect));
    const printed = () =>
      server.stdout.split('"operation":"accept"').length - 1;
    await until(() => printed() === 2, "failed accepts, printed twice");
    // Accepted clients are served meanwhile.
    await writeAll(crowd[0], bytes("still here"));
    assertEquals(text(await read(crowd[0], 10)), "still here");
    // The last one waits in the backlog, and is served once descriptors are free.
    const last = crowd.pop()!;
    for (const conn of crowd) conn.close();
    await writeAll(last, bytes("served at last"));
    assertEquals(text(await read(last, 14)), "served at last");
    last.close();
    server.signal("SIGTERM");
    const { code, stdout, stderr } = await server.outcome();
    const events = parseEvents(stdout);
    const summary = events.at(-1)!;
    const faults = events.filter(({ event }) => event === "fault");
    assertEquals([code, summary.connections.accepted], [0, 80]);
    // However often it fails, one fault a second is printed, with the number omitted.
    const times = faults.map(({ time }) => Date.parse(time));
    assert(times.length >= 2);
    assert(times.every((time, i) => i === 0 || time - times[i - 1] >= 990));
    const [first, second] = faults;
    assertEquals(first.omitted, undefined);
    assert(second.omitted > 0 && second.omitted + 2 <= summary.faults, stdout);
    assert(stderr.includes("accept failed: too many open files"), stderr);
  },
);

const CAN_ISOLATE = LINUX && Deno.uid() === 0 &&
  isInstalled("/usr/bin/unshare") && isInstalled("/usr/bin/setpriv");

for (
  const [role, transport] of [["tcp-server", "TCP"], [
    "udp-server",
    "UDP",
  ]] as const
) {
  /** What a server that cannot listen says, all of it. */
  const refusal = (address: string, reason: string, advice: string) =>
    `${role}: cannot bind ${address}: ${reason}; ${advice}\n`;
  const foreign = "--host takes an address of this machine, " +
    "an IPv6 one only where IPv6 is on";

  Deno.test(`${role} exits 3 where its address is another machine's, and says what to do`, async () => {
    const args = ["--host", "192.0.2.1", "--port", "7007"];
    const { code, stdout, stderr } = await runRole(role, args);
    assertEquals([code, stdout], [3, ""]);
    assertEquals(
      stderr.replace(/: [^:;]*;/, ": REASON;"),
      refusal("192.0.2.1:7007", "REASON", foreign),
    );
  });

  testWhere(
    CAN_ISOLATE,
    "needs root, unshare(1) and setpriv(1)",
    `${role} exits 3 at a privileged ${transport} port without the right, and says what to do`,
    async () => {
      await using server = new TestProcess([
        "/usr/bin/unshare",
        "--net",
        "/usr/bin/setpriv",
        "--bounding-set=-net_bind_service",
        "--inh-caps=-net_bind_service",
        "--no-new-privs",
        ...roleCommand(role),
        "--port",
        "80",
      ]);
      const { code, stderr } = await server.outcome();
      assertEquals([code, stderr], [
        3,
        refusal(
          "0.0.0.0:80",
          "permission denied",
          "ports below 1024 need a privilege; choose another with --port",
        ),
      ]);
    },
  );

  testWhere(
    CAN_ISOLATE,
    "needs root and unshare(1)",
    `${role} exits 3 where there is no IPv6, and says what to do`,
    async () => {
      // In a new network namespace, not even the loopback is up.
      await using server = new TestProcess([
        "/usr/bin/unshare",
        "--net",
        ...roleCommand(role),
        "--host",
        "::1",
        "--port",
        "7007",
      ]);
      const { code, stderr } = await server.outcome();
      assertEquals([code, stderr], [
        3,
        refusal(
          "[::1]:7007",
          "address not available on this machine",
          foreign,
        ),
      ]);
    },
  );
}
