import { assertEquals } from "@std/assert";
import { throttled } from "../../../cli/output/throttle.ts";
import type { ProgramEvent } from "../../../events/line.ts";
import type { RejectedEvent } from "../../../events/mod.ts";

const PEER = { peer_host: "192.0.2.1", peer_port: 7 };

function rejected(reason: RejectedEvent["reason"]): RejectedEvent {
  return { event: "rejected", ...PEER, reason };
}

Deno.test("throttled() prints one of a kind a second, and how many it omitted", () => {
  const printed: ProgramEvent[] = [];
  let time = 5;
  const print = throttled((event) => printed.push(event), () => time);
  for (let i = 0; i < 5; i++) print(rejected("not-allowed"));
  for (let i = 0; i < 3; i++) print(rejected("not-unicast"));
  for (let i = 0; i < 3; i++) print({ event: "suppressed", ...PEER });
  print({ event: "fault", operation: "send", detail: "refused" });
  assertEquals(printed, [
    rejected("not-allowed"),
    rejected("not-unicast"),
    { event: "suppressed", ...PEER },
    { event: "fault", operation: "send", detail: "refused" },
  ]);
  time += 999_999;
  print(rejected("not-allowed"));
  assertEquals(printed.length, 4);
  time += 1;
  print(rejected("not-allowed"));
  print({ event: "fault", operation: "send", detail: "refused" });
  assertEquals(printed.slice(4), [
    { ...rejected("not-allowed"), omitted: 5 },
    { event: "fault", operation: "send", detail: "refused" },
  ]);
});

Deno.test("throttled() prints everything else, however much", () => {
  let printed = 0;
  const print = throttled(() => printed++);
  for (let i = 0; i < 100; i++) print({ event: "closed" });
  assertEquals(printed, 100);
});
