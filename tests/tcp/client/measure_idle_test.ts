import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  EchosounderError,
  type IdleEvent,
  measureIdle,
  type MeasureIdleOptions,
  serveTcp,
  type StartedEvent,
  type TcpClientEvent,
} from "../../../mod.ts";
import { expectation } from "../../../cli/command_line/expectation.ts";
import { read, writeAll } from "../../setup/bytes.ts";
import {
  ForgetfulRelay,
  type ForgetfulRelayOptions,
} from "../../setup/forgetful_relay.ts";
import { TcpPeer } from "../../setup/tcp_peer.ts";

const HOST = "127.0.0.1";

/** Milliseconds after which the relays here forget a connection. */
const LIFE = 1000;

const RANGE = { shortest: 200, longest: 4000, timeout: 1000 };

/** Runs a test against an echo server behind a relay that forgets connections. */
async function throughRelay(
  options: Omit<ForgetfulRelayOptions, "port">,
  more: Partial<MeasureIdleOptions> = {},
) {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  await using relay = await ForgetfulRelay.start({
    ...options,
    port: server.addr.port,
  });
  return await measureIdle({
    hostname: HOST,
    port: relay.port,
    ...RANGE,
    ...more,
  });
}

for (
  const [then, diedBy] of [
    ["vanish", "silence"],
    ["reset", "reset"],
    ["reset-at-once", "reset"],
  ] as const
) {
  Deno.test(`measureIdle() finds between which times a relay forgets a connection (${then}), and by what it ends`, async () => {
    const { passed, idle } = await throughRelay({ life: LIFE, then });
    const { survived_us, died_us, died_by } = idle!;
    assertEquals([passed, died_by], [true, diedBy]);
    // What the relay saw was never less than what the client waited.
    assert(survived_us <= LIFE * 1000, String(survived_us));
    // A busy machine delays what it sends, which makes the relay forget earlier.
    assert(survived_us > 0.3 * LIFE * 1000, String(survived_us));
    assert(died_us! > survived_us, String(died_us));
    assert(died_us! < 2 * LIFE * 1000, String(died_us));
  });
}

Deno.test("measureIdle() says so where a connection survives the longest time, which it was idle for in full", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const events: TcpClientEvent[] = [];
  const result = await measureIdle({
    hostname: HOST,
    port: server.addr.port,
    shortest: 30,
    longest: 200,
    expectations: [expectation("idle>=200ms")],
    onEvent: (event) => void events.push(event),
  });
  assert(result.passed, JSON.stringify(result));
  assertEquals(result.idle!.died_us, undefined);
  const idle = events.filter(({ event }) => event === "idle") as IdleEvent[];
  assertEquals(
    idle.map(({ idle_us }) =>
      [30, 60, 120, 200].findLast((time) => idle_us >= time * 1000)
    ),
    [30, 60, 120, 200],
  );
  // Each was asked before and after.
  assertEquals([result.messages_sent, result.messages_received], [8, 8]);
});

Deno.test("measureIdle() tells a peer that closes idle connections from one that forgets them", async () => {
  await using server = serveTcp({
    hostname: HOST,
    port: 0,
    idleTimeout: LIFE,
  });
  const { idle } = await measureIdle({
    hostname: HOST,
    port: server.addr.port,
    ...RANGE,
  });
  assertEquals(idle!.died_by, "close");
});

Deno.test("measureIdle() does not wait for longer times once a shorter one has died, and says how long it takes at most", async () => {
  const began = performance.now();
  let started: StartedEvent | undefined;
  const { idle } = await throughRelay({ life: LIFE, then: "vanish" }, {
    longest: 3_600_000,
    onEvent: (event) => {
      if (event.event === "started") started = event;
    },
  });
  assertEquals(idle!.died_by, "silence");
  assert(performance.now() - began < 60_000);
  // Twice: to connect, a wait, and two answers, of 5 s, 1 h and 1 s.
  assertEquals(started!.at_most_us, 2 * (5000 + 3_600_000 + 2000) * 1000);
  assertEquals(started!.service, "idle");
});

Deno.test("measureIdle() finds a time below the shortest one that it was asked to try", async () => {
  const { idle } = await throughRelay({ life: LIFE, then: "reset" }, {
    shortest: 2 * LIFE,
  });
  const { survived_us, died_us } = idle!;
  assert(survived_us > 0 && survived_us <= LIFE * 1000, String(survived_us));
  assert(died_us! > survived_us && died_us! < 3 * LIFE * 1000, String(died_us));
});

Deno.test("an unmet expectation of the idle time fails the run, and is no other failure", async () => {
  const { passed, failure, expectations } = await throughRelay(
    { life: LIFE, then: "reset" },
    { expectations: [expectation("idle>=2s")] },
  );
  assertEquals([passed, failure!.code], [false, "expectation"]);
  assertEquals(expectations!.map(({ held }) => held), [false]);
});

for (
  const [what, code, answer] of [
    ["does not answer", "no-answer", read],
    ["closes", "closed-early", async () => {}],
    ["answers something else", "difference", async (conn: Deno.TcpConn) => {
      const buffer = new Uint8Array(4096);
      const length = await conn.read(buffer);
      await writeAll(conn, buffer.subarray(0, length!).map((byte) => ~byte));
    }],
  ] as const
) {
  Deno.test(`measureIdle() does not wait where the peer ${what} (${code})`, async () => {
    await using peer = new TcpPeer(answer);
    const { passed, failure, idle } = await measureIdle({
      hostname: HOST,
      port: peer.port,
      shortest: 60_000,
      longest: 3_600_000,
      timeout: 300,
    });
    assertEquals([passed, failure!.code, idle], [false, code, undefined]);
  });
}

Deno.test("measureIdle() throws where it cannot connect, and for a wrong range", async () => {
  const port = 1;
  const error = await assertRejects(
    () => measureIdle({ hostname: HOST, port, ...RANGE }),
    EchosounderError,
  );
  assertEquals(error.code, "cannot-connect");
  const wrong = await assertRejects(
    () => measureIdle({ hostname: HOST, port, shortest: 200, longest: 200 }),
    EchosounderError,
  );
  assertEquals(wrong.code, "invalid-option");
});

Deno.test("measureIdle() ends at once when its signal aborts, with what it knows by then", async () => {
  await using server = serveTcp({ hostname: HOST, port: 0 });
  const stopped = new AbortController();
  const { failure, idle } = await measureIdle({
    hostname: HOST,
    port: server.addr.port,
    shortest: 50,
    longest: 3_600_000,
    signal: stopped.signal,
    onEvent: ({ event }) => {
      if (event === "idle") stopped.abort();
    },
  });
  assertEquals(failure!.code, "stopped");
  assert(idle!.survived_us >= 50_000, String(idle!.survived_us));
});
