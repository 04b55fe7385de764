import { assertEquals } from "@std/assert";
import {
  CollectAfterBurst,
  collectGarbage,
} from "../../cli/collect_after_burst.ts";
import type { ProgramEvent } from "../../events/line.ts";
import { until } from "../setup/until.ts";

const PEER = { peer_host: "192.0.2.1", peer_port: 7, connection: 1 };
const OPENED: ProgramEvent = { event: "connection-opened", ...PEER };
const CLOSED: ProgramEvent = {
  event: "connection-closed",
  ...PEER,
  bytes_received: 0,
  bytes_sent: 0,
  duration_us: 0,
  reason: "finished",
};

/** Milliseconds from the end of a burst to its collection here. */
const PATIENCE = 5;

/** A burst, and how often garbage was collected for it. */
function watch() {
  let count = 0;
  const burst = new CollectAfterBurst(() => count++, PATIENCE);
  return {
    see(times: number, event: ProgramEvent) {
      for (let i = 0; i < times; i++) burst.observe(event);
    },
    async collections(): Promise<number> {
      // A second one, whose burst ends now, collects after the first.
      const last = Promise.withResolvers<void>();
      const other = new CollectAfterBurst(last.resolve, PATIENCE);
      for (let i = 0; i < 1000; i++) other.observe(OPENED);
      for (let i = 0; i < 1000; i++) other.observe(CLOSED);
      // The unreferenced timer alone does not keep the process running.
      const awake = setInterval(() => {}, 1000);
      await last.promise;
      clearInterval(awake);
      return count;
    },
  };
}

Deno.test("CollectAfterBurst collects garbage when nine in ten of a thousand have gone", async () => {
  const server = watch();
  server.see(1000, OPENED);
  server.see(899, CLOSED);
  assertEquals(await server.collections(), 0);
  server.see(1, CLOSED);
  assertEquals(await server.collections(), 1);
});

Deno.test("CollectAfterBurst collects garbage once for each burst", async () => {
  const server = watch();
  server.see(1000, OPENED);
  server.see(950, CLOSED);
  assertEquals(await server.collections(), 1);
  server.see(50, CLOSED);
  assertEquals(await server.collections(), 1);
  server.see(1000, OPENED);
  server.see(1000, CLOSED);
  assertEquals(await server.collections(), 2);
});

Deno.test("CollectAfterBurst leaves a few clients that come and go alone", async () => {
  const server = watch();
  server.see(999, OPENED);
  server.see(999, CLOSED);
  assertEquals(await server.collections(), 0);
});

Deno.test("collectGarbage() frees what is not referenced", async () => {
  const left = new WeakRef({});
  // A weak reference keeps its target until the end of the turn.
  await new Promise((resolve) => setTimeout(resolve));
  await collectGarbage();
  await until(() => left.deref() === undefined, "the object to be gone");
});
