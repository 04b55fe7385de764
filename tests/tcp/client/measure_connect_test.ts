import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ConnectFailedEvent,
  EchosounderError,
  measureConnect,
  type Outage,
  serveTcp,
  type StartedEvent,
  type TcpClientEvent,
} from "../../../mod.ts";
import { expectation } from "../../../cli/command_line/expectation.ts";
import { freePort } from "../../setup/free_port.ts";
import { TcpPeer } from "../../setup/tcp_peer.ts";
import { until } from "../../setup/until.ts";
import { testWhere } from "../../setup/where.ts";

const HOST = "127.0.0.1";

/** A port on which nothing listens: no system gives it to a server that takes a free one. */
const NOBODY = { hostname: HOST, port: 1 };

/** A listener whose queue is full, so that it answers nobody. */
class FullListener implements Disposable {
  readonly port: number;
  readonly #listener = Deno.listen({
    hostname: HOST,
    port: 0,
    tcpBacklog: 1,
  });
  readonly #conns: Deno.TcpConn[] = [];

  constructor() {
    this.port = this.#listener.addr.port;
  }

  /** Fills its queue. */
  async fill(): Promise<void> {
    for (;;) {
      const signal = AbortSignal.timeout(500);
      try {
        const { port } = this;
        this.#conns.push(await Deno.connect({ hostname: HOST, port, signal }));
      } catch {
        return;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
  }
}

/** What a full queue does differs from system to system: Linux drops what comes. */
const LINUX = Deno.build.os === "linux";

Deno.test("measureConnect() connects as often as asked, sends no byte, and closes each connection in order", async () => {
  const ends: (number | null)[] = [];
  await using peer = new TcpPeer(async (conn) => {
    ends.push(await conn.read(new Uint8Array(1)));
  });
  const result = await measureConnect({
    hostname: HOST,
    port: peer.port,
    count: 5,
  });
  assert(result.passed);
  assertEquals(
    [
      result.messages_sent,
      result.messages_received,
      result.bytes_sent,
      result.rtt_us!.count,
    ],
    [5, 5, 0, 5],
  );
  assertEquals(result.measured.connects, {
    refused: 0,
    timed_out: 0,
    unreachable: 0,
    reset: 0,
  });
  await until(() => ends.length === 5, "the end of each");
  assertEquals(ends, [null, null, null, null, null]);
});

Deno.test("measureConnect() tells each attempt by its number, with detail", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const events: TcpClientEvent[] = [];
  await measureConnect({
    hostname: HOST,
    port: server.addr.port,
    count: 3,
    detail: true,
    onEvent: (event) => void events.push(event),
  });
  assertEquals(
    events.filter(({ event }) => event !== "interval").map((event) =>
      event.event === "connected"
        ? [event.sequence, event.peer_port]
        : event.event
    ),
    [
      "started",
      [1, server.addr.port],
      [2, server.addr.port],
      [3, server.addr.port],
      "result",
    ],
  );
  const [started] = events as [StartedEvent];
  assertEquals([started.service, started.size], ["connect", 0]);
});

Deno.test("measureConnect() needs no echo: a peer that speaks first is as good", async () => {
  await using peer = new TcpPeer((conn) =>
    conn.write(new TextEncoder().encode("220 ready\r\n"))
  );
  const { passed, messages_received } = await measureConnect({
    hostname: HOST,
    port: peer.port,
    count: 20,
    connections: 2,
  });
  assertEquals([passed, messages_received], [true, 20]);
});

Deno.test("measureConnect() counts attempts that are refused, and fails where all are", async () => {
  const failed: ConnectFailedEvent[] = [];
  const { failure, measured, rtt_us } = await measureConnect({
    ...NOBODY,
    count: 3,
    detail: true,
    onEvent: (event) => {
      if (event.event === "connect-failed") failed.push(event);
    },
  });
  assertEquals(failure, {
    code: "cannot-connect",
    message:
      "cannot connect to 127.0.0.1:1: none of 3 attempts succeeded: 3 refused",
  });
  assertEquals(
    [measured.lost, measured.connects!.refused, measured.errors, rtt_us],
    [3, 3, 0, undefined],
  );
  assertEquals(
    failed.map(({ sequence, reason }) => [sequence, reason]),
    [[1, "refused"], [2, "refused"], [3, "refused"]],
  );
});

testWhere(
  LINUX,
  "a full queue answers elsewhere",
  "measureConnect() tells what timed out from what was refused",
  async () => {
    using listener = new FullListener();
    await listener.fill();
    const { failure, measured } = await measureConnect({
      hostname: HOST,
      port: listener.port,
      connectTimeout: 100,
      count: 2,
    });
    assertEquals(failure, {
      code: "no-answer",
      message:
        `cannot connect to 127.0.0.1:${listener.port}: none of 2 attempts succeeded: 2 timed out`,
    });
    assertEquals(
      [measured.connects!.timed_out, measured.connects!.refused],
      [2, 0],
    );
  },
);

testWhere(
  LINUX,
  "a full queue answers elsewhere",
  "with an interval, measureConnect() makes the next attempt while others wait",
  async () => {
    using listener = new FullListener();
    await listener.fill();
    const began = performance.now();
    const { measured, messages_sent } = await measureConnect({
      hostname: HOST,
      port: listener.port,
      connectTimeout: 2000,
      interval: 10,
      count: 20,
    });
    assertEquals([messages_sent, measured.connects!.timed_out], [20, 20]);
    // One after the other would have taken 40 s.
    assert(performance.now() - began < 20_000);
  },
);

Deno.test("measureConnect() finds the outage of a peer that stops listening for a while", async () => {
  const port = freePort();
  let peer = Deno.listen({ hostname: HOST, port });
  const outages: Outage[] = [];
  const stopped = new AbortController();
  let connected = 0;
  const result = await measureConnect({
    hostname: HOST,
    port,
    interval: 20,
    detail: true,
    expectations: [expectation("outages<=1"), expectation("refused>=1")],
    signal: stopped.signal,
    onEvent: (event) => {
      if (event.event === "connected" && ++connected === 3) peer.close();
      if (event.event === "outage-began") {
        peer = Deno.listen({ hostname: HOST, port });
      }
      if (event.event === "outage-ended") {
        outages.push(event);
        stopped.abort();
      }
    },
  });
  peer.close();
  assert(result.passed, JSON.stringify(result));
  const { outages: summary, lost, connects } = result.measured;
  assertEquals([summary!.count, outages.length], [1, 1]);
  assert(lost! > 0 && lost === connects!.refused, String(lost));
  const { first_sequence, last_sequence } = outages[0];
  assertEquals(last_sequence! - first_sequence! + 1, lost);
});

Deno.test("a run of which some attempts fail fails by a loss, unless an expectation says how many may", async () => {
  const run = async (expectations: string[]) => {
    let listener: Deno.TcpListener | undefined = Deno.listen({
      hostname: HOST,
      port: 0,
    });
    return await measureConnect({
      hostname: HOST,
      port: listener.addr.port,
      count: 4,
      interval: 10,
      detail: true,
      expectations: expectations.map(expectation),
      onEvent: ({ event }) => {
        if (event !== "connected") return;
        listener?.close();
        listener = undefined;
      },
    });
  };
  const { failure, messages_received } = await run([]);
  assertEquals([failure!.code, messages_received], ["loss", 1]);
  assertEquals(failure!.message, "3 of 4 attempts failed: 3 refused");
  assertEquals((await run(["loss<=75%"])).passed, true);
  assertEquals((await run(["refused<=2"])).failure!.code, "expectation");
});

Deno.test("an expectation that a port refuses is met by a port that does", async () => {
  const run = (condition: string) =>
    measureConnect({
      ...NOBODY,
      count: 2,
      expectations: [expectation(condition)],
    });
  assertEquals((await run("refused>=100%")).passed, true);
  assertEquals((await run("refused<1")).failure!.code, "expectation");
  // How much may be lost does not say that nothing need connect.
  assertEquals((await run("loss<=100%")).failure!.code, "cannot-connect");
});

Deno.test("measureConnect() measures an address that accepts, where a name has several", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  let started: StartedEvent | undefined;
  const { passed, messages_received } = await measureConnect({
    hostname: "localhost",
    port: server.addr.port,
    count: 3,
    onEvent: (event) => {
      if (event.event === "started") started = event;
    },
  });
  assertEquals([passed, messages_received], [true, 3]);
  assertEquals([started!.target, started!.peer_host], ["localhost", HOST]);
});

Deno.test("measureConnect() counts what this machine could not do as errors, and as no loss", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const { failure, measured, messages_sent } = await measureConnect({
    hostname: HOST,
    port: server.addr.port,
    // No machine has it (RFC 5737).
    bind: { hostname: "192.0.2.1" },
    count: 3,
  });
  assertEquals(failure, {
    code: "failed",
    message:
      "3 of 3 attempts could not be made: address not available on this machine",
  });
  assertEquals(
    [measured.errors, measured.unsent, measured.lost, messages_sent],
    [3, 3, 0, 0],
  );
  assertEquals(measured.outages!.count, 0);
  assertEquals(
    measured.instrument.warnings.at(-1),
    [
      "this machine itself could not make 3 attempts:",
      "address not available on this machine",
    ].join(" "),
  );
});

Deno.test("what this machine could not do is no late send, however late it was", async () => {
  const { measured } = await measureConnect({
    ...NOBODY,
    bind: { hostname: "192.0.2.1" },
    // Beyond what any machine does: nearly all are late.
    rate: 1e6,
    count: 200,
  });
  assertEquals([measured.errors, measured.late_sends], [200, 0]);
});

Deno.test("measureConnect() keeps the failures of its warm-up apart", async () => {
  const port = freePort();
  let peer: Deno.TcpListener | undefined;
  const { passed, measured, messages_sent } = await measureConnect({
    hostname: HOST,
    port,
    warmup: 300,
    count: 5,
    interval: 20,
    detail: true,
    onEvent: ({ event }) => {
      if (event === "connect-failed") {
        peer ??= Deno.listen({ hostname: HOST, port });
      }
    },
  });
  peer!.close();
  assertEquals([passed, measured.lost, messages_sent], [true, 0, 5]);
  assertEquals(measured.connects!.refused, 0);
  assert(measured.warmup!.lost! > 0, JSON.stringify(measured.warmup));
});

Deno.test("measureConnect() keeps a rate, over several sequences of attempts", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const result = await measureConnect({
    hostname: HOST,
    port: server.addr.port,
    rate: 100,
    count: 30,
    connections: 3,
  });
  assert(result.passed);
  assertEquals(result.messages_received, 30);
  assertEquals(result.measured.rtt_from_sending_us!.count, 30);
});

Deno.test("measureConnect() waits for a peer that is not there yet, and does not count that", async () => {
  const port = freePort();
  let peer: Deno.TcpListener | undefined;
  const result = await measureConnect({
    hostname: HOST,
    port,
    retryFor: 30_000,
    count: 2,
    onEvent: ({ event }) => {
      if (event === "retry") peer ??= Deno.listen({ hostname: HOST, port });
    },
  });
  peer!.close();
  assertEquals(
    [result.passed, result.messages_sent, result.measured.lost],
    [true, 2, 0],
  );
});

Deno.test("measureConnect() is ended by its signal, and judged where it had no end of its own", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const run = async (count?: number) => {
    const stopped = new AbortController();
    return await measureConnect({
      hostname: HOST,
      port: server.addr.port,
      interval: 5,
      count,
      detail: true,
      signal: stopped.signal,
      onEvent: (event) => {
        if (event.event === "connected" && event.sequence === 3) {
          stopped.abort();
        }
      },
    });
  };
  assertEquals((await run()).passed, true);
  assertEquals((await run(1_000_000)).failure!.code, "stopped");
});

Deno.test("measureConnect() throws for a name without an address, and for a wrong option", async () => {
  for (
    const [options, code] of [
      [{ hostname: "nobody.invalid" }, "cannot-resolve"],
      [{ hostname: HOST, count: 0 }, "invalid-option"],
    ] as const
  ) {
    const error = await assertRejects(
      () => measureConnect(options),
      EchosounderError,
    );
    assertEquals(error.code, code);
  }
});
