/**
 * TCP clients that vanish, in every state in which they can.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import { serveTcp, type TcpServerEvent } from "../../../mod.ts";
import { bytes, noise, read, text, writeAll } from "../../setup/bytes.ts";
import { until } from "../../setup/until.ts";
import { isInstalled, testWhere } from "../../setup/where.ts";

const HOST = "127.0.0.1";

/** A server, its events, and a way to show that it still serves. */
function serve(idleTimeout?: number) {
  const seen = { opened: 0, received: 0, sent: 0 };
  const closings: Extract<
    TcpServerEvent,
    { event: "connection-closed" }
  >[] = [];
  const server = serveTcp({
    hostname: HOST,
    port: 0,
    idleTimeout,
    detail: true,
    onEvent: (event) => {
      if (event.event === "connection-closed") closings.push(event);
      else if (event.event === "connection-opened") seen.opened++;
      else if (event.event === "chunk-received") seen.received += event.bytes;
      else if (event.event === "chunk-sent") seen.sent += event.bytes;
    },
  });
  const { port } = server.addr;
  const assertServes = async () => {
    using conn = await Deno.connect({ hostname: HOST, port });
    await writeAll(conn, bytes("still here?"));
    await conn.closeWrite();
    assertEquals(text(await read(conn)), "still here?");
  };
  return { server, port, closings, seen, assertServes };
}

/** Connects; a reset is possible with these sockets only. */
async function open(port: number): Promise<Socket> {
  const socket = connect(port, HOST);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** The states in which a client vanishes, and what becomes of it. */
const STATES: [
  state: string,
  vanish: (
    socket: Socket,
    seen: ReturnType<typeof serve>["seen"],
  ) => Promise<unknown>,
  reasons: string[],
][] = [
  ["closes before it has sent anything", async (socket) => {
    socket.end();
    await once(socket, "close");
  }, ["finished"]],
  ["resets before it has sent anything", async (socket, seen) => {
    await until(() => seen.opened === 1, "the client");
    socket.resetAndDestroy();
  }, ["reset"]],
  ["resets while its data is in flight", async (socket) => {
    socket.write(noise(1_000_000));
    await once(socket, "data");
    socket.resetAndDestroy();
  }, ["reset"]],
  ["closes without reading what it is owed", async (socket, seen) => {
    socket.pause();
    socket.write(noise(100_000));
    await until(() => seen.sent === 100_000, "its echo");
    socket.destroy();
  }, ["reset", "finished"]],
  [
    "resets after its half-close, with its echo unread",
    async (socket, seen) => {
      socket.pause();
      socket.end(noise(5_000_000));
      await once(socket, "finish");
      await until(() => seen.received > seen.sent, "an echo that is not taken");
      socket.resetAndDestroy();
    },
    ["reset"],
  ],
];

for (const idleTimeout of [undefined, 60_000]) {
  const also = idleTimeout === undefined ? "" : ", with an idle timeout";
  for (const [state, vanish, reasons] of STATES) {
    Deno.test(`serveTcp() serves on after a client ${state}${also}`, async () => {
      const { server, port, closings, seen, assertServes } = serve(idleTimeout);
      await using _ = server;
      await vanish(await open(port), seen);
      await until(() => closings.length === 1, "the end of the client");
      assert(reasons.includes(closings[0].reason), closings[0].reason);
      await assertServes();
    });
  }

  Deno.test(`serveTcp() serves on with many that reset before they are accepted${also}`, async () => {
    const { server, port, assertServes } = serve(idleTimeout);
    await using _ = server;
    await Promise.all(Array.from({ length: 50 }, async () => {
      (await open(port)).resetAndDestroy();
    }));
    await assertServes();
    await assertServes();
  });
}

Deno.test("serveTcp() keeps a client that stays silent, and serves others", async () => {
  const { server, port, closings, assertServes } = serve();
  await using _ = server;
  const silent = await open(port);
  for (let i = 0; i < 3; i++) await assertServes();
  await until(() => closings.length === 3, "the ends of the others");
  silent.write("a word at last");
  const [data] = await once(silent, "data");
  assertEquals(text(data), "a word at last");
  silent.destroy();
});

Deno.test("serveTcp() closes a client that is silent for too long, whatever it did before", async () => {
  const { server, port, closings, assertServes } = serve(100);
  await using _ = server;
  const silent = await open(port);
  const halfWay = await open(port);
  halfWay.write("a message");
  await once(halfWay, "data");
  const full = await open(port);
  full.pause();
  full.write(noise(50_000_000));
  await until(() => closings.length === 3, "their ends");
  assertEquals(closings.map(({ reason }) => reason), ["idle", "idle", "idle"]);
  await assertServes();
  for (const each of [silent, halfWay, full]) each.destroy();
});

/** What a wild client does, one after the other. */
const action = fc.oneof(
  fc.record({ send: fc.integer({ min: 0, max: 300_000 }) }),
  fc.record({ pause: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ read: fc.integer({ min: 1, max: 100_000 }) }),
);
const ending = fc.constantFrom("close", "half-close", "reset");

Deno.test("serveTcp() survives whatever clients do, in whatever order", async () => {
  const { server, port, closings, assertServes } = serve();
  await using _ = server;
  let clients = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 8 }),
      ending,
      async (actions, end) => {
        const socket = await open(port);
        clients++;
        socket.pause();
        for (const each of actions) {
          if ("send" in each) socket.write(noise(each.send));
          else if ("read" in each) socket.read(each.read);
          else await new Promise((resolve) => setTimeout(resolve, each.pause));
        }
        if (end === "close") socket.destroy();
        else if (end === "reset") socket.resetAndDestroy();
        else {
          socket.end();
          socket.resume();
          await once(socket, "close");
        }
      },
    ),
    { numRuns: 60 },
  );
  await assertServes();
  const summary = await server.shutdown().then(() => server.finished);
  // Some may have been gone before they were accepted.
  assert(summary.connections.accepted <= clients + 1);
  assertEquals(summary.connections.accepted, closings.length);
});

testWhere(
  Deno.build.os === "linux" && isInstalled("ss"),
  "ss of iproute2 is not installed",
  "serveTcp() asks the system for keep-alive where nothing moves, whether or not something did before",
  async () => {
    const { server, port } = serve();
    await using _ = server;
    using silent = await Deno.connect({ hostname: HOST, port });
    using spoken = await Deno.connect({ hostname: HOST, port });
    await writeAll(spoken, bytes("x"));
    await read(spoken, 1);
    for (const client of [silent, spoken]) {
      const filter = `sport = ${port} and dport = ${client.localAddr.port}`;
      await until(async () => {
        const { stdout } = await new Deno.Command("ss", {
          args: ["-Htno", filter],
        }).output();
        return text(stdout).includes("timer:(keepalive,");
      }, "a timer of keep-alive");
    }
  },
);
