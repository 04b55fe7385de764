import { assert, assertEquals } from "@std/assert";
import { parseEvents } from "./events.ts";
import {
  bytes,
  read,
  roleCommand,
  TestProcess,
  testWhere,
  text,
  until,
  writeAll,
} from "./setup.ts";

const LINUX = Deno.build.os === "linux";

testWhere(
  LINUX,
  "needs a shell's ulimit",
  "tcp-server survives running out of descriptors, and takes clients again",
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
    await until(
      () => server.stdout.includes('"operation":"accept"'),
      "a failed accept",
    );
    // Who is in goes on as if nothing were.
    await writeAll(crowd[0], bytes("still here"));
    assertEquals(text(await read(crowd[0], 10)), "still here");
    // The last one waits in the backlog, and is served when there is room.
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
    assertEquals([code, summary.connections], [0, 80]);
    // However often it failed, it is told once a second.
    const times = faults.map(({ time }) => Date.parse(time));
    assert(times.every((time, i) => i === 0 || time - times[i - 1] >= 990));
    const told = faults.length +
      faults.reduce((sum, { untold = 0 }) => sum + untold, 0);
    assert(told <= summary.faults, `${told} of ${summary.faults}`);
    assert(stderr.includes("accept failed: too many open files"), stderr);
  },
);
