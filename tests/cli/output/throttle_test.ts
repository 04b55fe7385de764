import { assertEquals } from "@std/assert";
import { throttled } from "../../../cli/output/throttle.ts";
import type { ProgramEvent } from "../../../events/line.ts";
import type { RejectedEvent } from "../../../events/mod.ts";

const PEER = { peer_host: "192.0.2.1", peer_port: 7 };

function rejected(reason: RejectedEvent["reason"]): RejectedEvent {
  return { event: "rejected", ...PEER, reason };
}

Deno.test("throttled() tells one of a kind a second, and how many it left out", () => {
  const told: ProgramEvent[] = [];
  let time = 5;
  const tell = throttled((event) => told.push(event), () => time);
  for (let i = 0; i < 5; i++) tell(rejected("not-allowed"));
  for (let i = 0; i < 3; i++) tell(rejected("not-unicast"));
  for (let i = 0; i < 3; i++) tell({ event: "suppressed", ...PEER });
  tell({ event: "fault", operation: "send", detail: "refused" });
  assertEquals(told, [
    rejected("not-allowed"),
    rejected("not-unicast"),
    { event: "suppressed", ...PEER },
    { event: "fault", operation: "send", detail: "refused" },
  ]);
  time += 999_999;
  tell(rejected("not-allowed"));
  assertEquals(told.length, 4);
  time += 1;
  tell(rejected("not-allowed"));
  tell({ event: "fault", operation: "send", detail: "refused" });
  assertEquals(told.slice(4), [
    { ...rejected("not-allowed"), omitted: 5 },
    { event: "fault", operation: "send", detail: "refused" },
  ]);
});

Deno.test("throttled() tells everything else, however much", () => {
  let told = 0;
  const tell = throttled(() => told++);
  for (let i = 0; i < 100; i++) tell({ event: "closed" });
  assertEquals(told, 100);
});
