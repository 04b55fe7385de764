import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Messages } from "../../../measure/messages.ts";
import type { Service } from "../../../mod.ts";
import { now } from "../../../net/clock.ts";
import { type Reply, ReplyTracker } from "../../../udp/client/reply_tracker.ts";
import { bytes } from "../../setup/bytes.ts";
import { newTally } from "../../setup/tally.ts";

/** A tracker in its first phase, and what a test does with it. */
function follow(service: Service = "echo", size = 32) {
  const messages = new Messages({ size }, 7);
  const tracker = new ReplyTracker(messages, service, 0);
  let tally = newTally();
  tracker.begin(tally);
  let time = now();
  return {
    tracker,
    /** Begins another phase. */
    begin() {
      tally = newTally();
      tracker.begin(tally);
    },
    /** Sends a message; returns its echo. */
    send(): Uint8Array<ArrayBuffer> {
      const datagram = new Uint8Array(size);
      messages.fill(datagram, 0, tracker.next, 0, size);
      tracker.send(time += 10, time);
      tally.sent(0, time, time, false);
      return datagram;
    },
    receive(datagram: Uint8Array): Reply {
      return tracker.receive(datagram, time += 10);
    },
    /** Gives up all that is in flight; returns their sequence numbers. */
    giveUp(): number[] {
      return [...tracker.giveUp(() => true)].map(({ sequence }) => sequence);
    },
    counts() {
      const { messages_sent, messages_received } = tally.counts();
      const { reordering_distance: distance, ...datagrams } = tally.datagrams();
      return {
        sent: messages_sent,
        received: messages_received,
        ...datagrams,
        distance,
        inFlight: tracker.inFlight,
      };
    },
  };
}

/** Counts, 0 unless given. */
function counts(some: Record<string, number>) {
  return {
    sent: 0,
    received: 0,
    lost: 0,
    corrupted: 0,
    late: 0,
    duplicates: 0,
    reordered: 0,
    distance: 0,
    strays: 0,
    inFlight: 0,
    ...some,
  };
}

Deno.test("ReplyTracker counts the first answer as the answer, and the second as a duplicate", () => {
  const path = follow();
  const datagram = path.send();
  assertEquals(path.receive(datagram), "answer");
  assertEquals(path.receive(datagram), "duplicate");
  assertEquals(path.counts(), counts({ sent: 1, received: 1, duplicates: 1 }));
});

Deno.test("ReplyTracker counts an answer to a message given up as late, and only the first one", () => {
  const path = follow();
  const datagram = path.send();
  assertEquals(path.giveUp(), [1]);
  assertEquals(path.receive(datagram), "late");
  assertEquals(path.receive(datagram), "duplicate");
  assertEquals(
    path.counts(),
    counts({ sent: 1, lost: 1, late: 1, duplicates: 1 }),
  );
});

Deno.test("ReplyTracker counts answers out of order with the largest distance", () => {
  const path = follow();
  const [a, b, c, d] = [path.send(), path.send(), path.send(), path.send()];
  for (const datagram of [d, a, c, b]) path.receive(datagram);
  assertEquals(
    path.counts(),
    counts({ sent: 4, received: 4, reordered: 3, distance: 3 }),
  );
});

Deno.test("ReplyTracker counts a damaged answer once, wherever the damage is", () => {
  for (let place = 0; place < 32; place++) {
    const path = follow();
    path.send();
    const datagram = path.send();
    path.send();
    datagram[place] ^= 0x40;
    assertEquals(path.receive(datagram), "corrupted", `byte ${place}`);
    assertEquals(path.tracker.sequence, 2);
    assertEquals(path.counts(), counts({ sent: 3, corrupted: 1, inFlight: 2 }));
  }
});

Deno.test("ReplyTracker counts an unrecognized answer for a message that stays unanswered", () => {
  const path = follow("echo", 12);
  const [a, b, c] = [path.send(), path.send(), path.send()];
  assertEquals(path.receive(a), "answer");
  b[5] ^= 1;
  assertEquals(path.receive(b), "unrecognized");
  assertEquals(path.receive(c), "answer");
  assertEquals(path.giveUp(), []);
  assertEquals(path.counts(), counts({ sent: 3, received: 2, corrupted: 1 }));
});

Deno.test("ReplyTracker counts what answers no message as a stray", () => {
  const path = follow();
  const datagram = path.send();
  assertEquals(path.receive(bytes("what?")), "unrecognized");
  assertEquals(path.receive(datagram), "answer");
  path.giveUp();
  assertEquals(path.counts(), counts({ sent: 1, received: 1, strays: 1 }));
});

Deno.test("ReplyTracker does not count answers to messages of the phase before", () => {
  const path = follow();
  const [answered, lost] = [path.send(), path.send()];
  path.receive(answered);
  path.giveUp();
  path.begin();
  assertEquals(path.receive(answered), "earlier");
  assertEquals(path.receive(lost), "earlier");
  assertEquals(path.receive(path.send()), "answer");
  assertEquals(path.counts(), counts({ sent: 1, received: 1 }));
});

Deno.test("ReplyTracker removes a message that its socket refused", () => {
  const path = follow();
  path.send();
  path.tracker.unsend();
  assertEquals(path.counts(), counts({}));
});

Deno.test("ReplyTracker counts any answer of a character generator for the oldest message", () => {
  const path = follow("chargen");
  path.send();
  path.send();
  assertEquals(path.receive(bytes("abc")), "answer");
  assertEquals(path.tracker.sequence, 1);
  assertEquals(path.receive(new Uint8Array(513)), "oversized");
  assertEquals(path.receive(bytes("more")), "duplicate");
});

Deno.test("ReplyTracker gives up only overdue messages", () => {
  const path = follow();
  path.send();
  const since = path.tracker.oldestSentAt()!;
  path.send();
  const given = [...path.tracker.giveUp((sentAt) => sentAt <= since)];
  assertEquals(given, [{ sequence: 1, sentAt: since }]);
  assertEquals(path.tracker.inFlight, 1);
});

Deno.test("ReplyTracker always has sent = received + lost + corrupted + in flight", () => {
  const step = fc.oneof(
    fc.constant("send" as const),
    fc.constant("give up" as const),
    fc.record({ which: fc.nat(40), damage: fc.option(fc.nat(31)) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const path = follow();
      const sent: Uint8Array<ArrayBuffer>[] = [];
      for (const step of steps) {
        if (step === "send") sent.push(path.send());
        else if (step === "give up") path.giveUp();
        else if (sent.length > 0) {
          const datagram = sent[step.which % sent.length].slice();
          if (step.damage !== null) datagram[step.damage] ^= 0x10;
          path.receive(datagram);
        }
        const { sent: all, received, lost, corrupted, inFlight } = path
          .counts();
        assertEquals(all, received + lost! + corrupted! + inFlight);
      }
    }),
  );
});
