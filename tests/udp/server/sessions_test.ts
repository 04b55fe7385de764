import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { Sessions } from "../../../udp/server/sessions.ts";

Deno.test("a session is found again by its address, port and identifier, and by nothing less", () => {
  const sessions = new Sessions(10);
  const one = sessions.find("192.0.2.1", 5000, 7);
  assertEquals(sessions.find("192.0.2.1", 5000, 7), one);
  for (
    const [hostname, port, ssid] of [
      ["192.0.2.2", 5000, 7],
      ["192.0.2.1", 5001, 7],
      ["192.0.2.1", 5000, 8],
    ] as const
  ) assertEquals(sessions.find(hostname, port, ssid) === one, false);
  assertEquals([sessions.begun, sessions.forgotten], [4, 0]);
});

Deno.test("of any senders in any order, those used last are kept, as a list would keep them", () => {
  const sender = fc.record({
    hostname: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1"),
    port: fc.integer({ min: 1, max: 3 }),
    ssid: fc.integer({ min: 0, max: 2 }),
  });
  const limit = fc.integer({ min: 1, max: 9 });
  fc.assert(fc.property(fc.array(sender), limit, (senders, limit) => {
    const sessions = new Sessions(limit);
    const order: string[] = [];
    let begun = 0;
    for (const { hostname, port, ssid } of senders) {
      const name = `${hostname} ${port} ${ssid}`;
      const session = sessions.find(hostname, port, ssid);
      const at = order.indexOf(name);
      if (at >= 0) order.splice(at, 1);
      else begun++;
      order.push(name);
      if (order.length > limit) order.shift();
      assertEquals(session.next > 0, at >= 0);
      session.next++;
      assertEquals(
        [session.hostname, session.port, session.ssid],
        [hostname, port, ssid],
      );
    }
    assertEquals(sessions.begun, begun);
    assertEquals(sessions.forgotten, begun - order.length);
  }));
});

Deno.test("many more sessions than are kept leave those used last", () => {
  const sessions = new Sessions(1000);
  for (let port = 0; port < 20_000; port++) {
    sessions.find("192.0.2.1", port, 0).next++;
  }
  for (let port = 19_000; port < 20_000; port++) {
    assertEquals(sessions.find("192.0.2.1", port, 0).next, 1);
  }
  assertEquals(sessions.find("192.0.2.1", 18_999, 0).next, 0);
  assertEquals(sessions.forgotten, 19_001);
});
