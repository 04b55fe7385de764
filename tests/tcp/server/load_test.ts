/**
 * A crowd of clients: none refused, none lost, and none expensive.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { close } from "../../../net/close.ts";
import { parseEvents } from "../../setup/events.ts";
import { bytes, read, text, writeAll } from "../../setup/bytes.ts";
import { residentMemory, startRole } from "../../setup/process.ts";
import { until } from "../../setup/until.ts";
import { testWhere } from "../../setup/where.ts";

const HOST = "127.0.0.1";
const CROWD = 1500;

/** Clients connected at once, each of which has had one echo. */
async function crowd(port: number): Promise<Deno.TcpConn[]> {
  return await Promise.all(Array.from({ length: CROWD }, async (_, i) => {
    const conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes(`client ${i}`));
    assertEquals(text(await read(conn, `client ${i}`.length)), `client ${i}`);
    return conn;
  }));
}

testWhere(
  residentMemory(Deno.pid) > 0,
  "the system does not show a process's memory",
  "tcp-server serves a burst of clients, and holds little for each that is idle",
  async () => {
    await using server = startRole("tcp-server", [
      "--host",
      HOST,
      "--port",
      "0",
      "--json",
    ]);
    const port = await server.listening();
    const closed = (count: number) =>
      until(
        () => server.stdout.split('"connection-closed"').length > count,
        `${count} closed clients`,
      );
    // What the first crowd makes it load, or leaves behind, is not the second's.
    (await crowd(port)).forEach(close);
    await closed(CROWD);
    const before = residentMemory(server.pid);
    const conns = await crowd(port);
    const each = (residentMemory(server.pid) - before) * 1024 / CROWD;
    // A buffer of 64 KiB each would be 64.
    assert(each < 20, `${each} KB each`);
    conns.forEach(close);
    await closed(2 * CROWD);
    server.signal("SIGTERM");
    const { code, stdout } = await server.outcome();
    const summary = parseEvents(stdout).at(-1)!;
    assertEquals(
      [code, summary.connections.accepted, summary.rejected, summary.faults],
      [0, 2 * CROWD, 0, 0],
    );
  },
);
