import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Numbering, type Way } from "../../../measure/directions/numbering.ts";

/** Counts of both ways. */
interface Counts {
  out: number;
  back: number;
}

/** A reply on its way back. */
interface Reply {
  sequence: number;
  number: number;
  reflected: number;
}

/** A path with a reflector, whose losses a test chooses. */
function follow({ stateless = false } = {}) {
  const numbering = new Numbering();
  const zero = (): Counts => ({ out: 0, back: 0 });
  const counts = { lost: zero(), duplicates: zero(), reordered: zero() };
  const sink = {
    lost: (way: Way) => void counts.lost[way]++,
    duplicated: (way: Way) => void counts.duplicates[way]++,
    reordered: (way: Way) => void counts.reordered[way]++,
  };
  numbering.begin(1, sink);
  const answered = new Set<number>();
  let next = 1;
  let reflector = 0;
  let clock = 1000;
  return {
    numbering,
    counts,
    /** Begins a phase with the next message. */
    begin() {
      for (const count of Object.values(counts)) count.out = count.back = 0;
      numbering.begin(next, sink);
    },
    /** Sends a message; returns its number. */
    send(): number {
      numbering.sent(next, next);
      return next++;
    },
    /** Reflects a message. */
    reflect(sequence: number): Reply {
      const number = stateless ? sequence - 1 : reflector++;
      return { sequence, number, reflected: clock += 10 };
    },
    /** Takes a reply. */
    take({ sequence, number, reflected }: Reply, isLate = false) {
      const reply = {
        number: number >>> 0,
        senderNumber: sequence - 1 >>> 0,
        received: reflected - 1,
        reflected,
      };
      if (answered.has(sequence)) numbering.copied(sequence, reply);
      else {
        answered.add(sequence);
        numbering.answered(sequence, reply, isLate);
      }
    },
    /** Sends messages that come back. */
    exchange(count = 1) {
      for (let i = 0; i < count; i++) this.take(this.reflect(this.send()));
    },
    /** Gives up what is not answered, and asks for the last number where that tells more. */
    finish(asks = true) {
      for (let sequence = 1; sequence < next; sequence++) {
        if (!answered.has(sequence)) numbering.gaveUp(sequence);
      }
      numbering.settle();
      const end = asks && numbering.hasOpenQuestion ? reflector : undefined;
      if (end !== undefined) numbering.isStateful ??= true;
      numbering.finish(end);
    },
    /** The reflector begins again to count. */
    restart() {
      reflector = 0;
    },
    /** Lets the reflector's numbers go on from this one. */
    countFrom(number: number) {
      reflector = number;
    },
  };
}

Deno.test("Numbering tells a loss on the way out from one on the way back", () => {
  const path = follow();
  path.exchange(3);
  path.send();
  path.exchange(2);
  path.reflect(path.send());
  path.reflect(path.send());
  path.exchange();
  path.finish();
  assertEquals(path.counts.lost, { out: 1, back: 2 });
});

Deno.test("Numbering tells both apart where they are side by side", () => {
  const path = follow();
  path.exchange();
  const [first, second, third] = [path.send(), path.send(), path.send()];
  path.reflect(first);
  path.reflect(third);
  assertEquals(second, 3);
  path.exchange();
  path.finish();
  assertEquals(path.counts.lost, { out: 1, back: 2 });
});

Deno.test("Numbering does not guess what was lost after the last reply, unless it may ask", () => {
  for (
    const [asks, lost] of [
      [false, { out: 0, back: 0 }],
      [true, { out: 2, back: 1 }],
    ] as const
  ) {
    const path = follow();
    path.exchange(3);
    path.send();
    path.reflect(path.send());
    path.send();
    path.finish(asks);
    assertEquals(path.counts.lost, lost);
  }
});

Deno.test("Numbering tells a copy made on the way out from one made on the way back", () => {
  const path = follow();
  path.exchange();
  const twice = path.send();
  path.take(path.reflect(twice));
  path.take(path.reflect(twice));
  const once = path.reflect(path.send());
  path.take(once);
  path.take(once);
  path.take(once);
  path.exchange();
  path.finish();
  assertEquals(path.counts.duplicates, { out: 1, back: 2 });
  assertEquals(path.counts.lost, { out: 0, back: 0 });
});

Deno.test("Numbering tells where messages were overtaken", () => {
  const path = follow();
  path.exchange();
  const [a, b] = [path.send(), path.send()];
  const [overtaking, overtaken] = [path.reflect(b), path.reflect(a)];
  path.take(overtaking);
  path.take(overtaken);
  assertEquals(path.counts.reordered, { out: 0, back: 0 });
  const [c, d] = [path.reflect(path.send()), path.reflect(path.send())];
  path.take(d);
  path.take(c);
  path.exchange();
  path.finish();
  assertEquals(path.counts.reordered, { out: 1, back: 1 });
});

Deno.test("Numbering of a message that was overtaken on both ways counts both", () => {
  const path = follow();
  path.send();
  path.exchange();
  const [a, b] = [path.send(), path.send()];
  const [first, second] = [path.reflect(b), path.reflect(a)];
  path.take(second);
  path.take(first);
  path.exchange();
  path.finish();
  assertEquals(path.counts.reordered, { out: 1, back: 1 });
});

Deno.test("Numbering knows no mode while the numbers are the sender's, and so has a question", () => {
  const path = follow();
  assert(!path.numbering.hasOpenQuestion);
  path.exchange(5);
  assertEquals(path.numbering.isStateful, undefined);
  assert(path.numbering.hasOpenQuestion);
  path.send();
  path.exchange(5);
  assertEquals(path.numbering.isStateful, true);
  assert(!path.numbering.hasOpenQuestion);
});

Deno.test("Numbering recognizes a stateless reflector that answers one message twice, or two in another order", () => {
  const twice = follow({ stateless: true });
  const sequence = twice.send();
  twice.take(twice.reflect(sequence));
  twice.take(twice.reflect(sequence));
  assertEquals(twice.numbering.isStateful, false);
  assertEquals(twice.counts.duplicates, { out: 1, back: 0 });

  const swapped = follow({ stateless: true });
  const [a, b] = [swapped.send(), swapped.send()];
  swapped.take(swapped.reflect(b));
  swapped.take(swapped.reflect(a));
  assertEquals(swapped.numbering.isStateful, false);
});

Deno.test("Numbering notices that the reflector was restarted, and attributes nothing across that", () => {
  const path = follow();
  path.numbering.gaveUp(path.send());
  path.exchange(20);
  path.send();
  path.restart();
  path.exchange(20);
  path.reflect(path.send());
  path.exchange();
  path.finish();
  assertEquals(path.numbering.restarts, 1);
  assert(path.numbering.isOfOneSession);
  assertEquals(path.counts.lost, { out: 1, back: 1 });
});

Deno.test("Numbering does not believe numbers that are given to others as well", () => {
  const path = follow();
  for (let i = 0; i < 20; i++) {
    path.exchange();
    path.reflect(0);
  }
  path.finish();
  assert(!path.numbering.isOfOneSession);
});

Deno.test("Numbering does not believe numbers that are none", () => {
  const path = follow();
  for (let i = 0; i < 50; i++) {
    path.take({ ...path.reflect(path.send()), number: 0 });
  }
  path.finish();
  assert(!path.numbering.isOfOneSession);
});

Deno.test("Numbering goes on where 32 bits end", () => {
  const path = follow();
  path.countFrom(2 ** 32 - 5);
  path.exchange(4);
  path.reflect(path.send());
  path.send();
  path.exchange(4);
  path.finish();
  assertEquals(path.counts.lost, { out: 1, back: 1 });
});

Deno.test("Numbering reports nothing of the phase before, whose tail it still can tell", () => {
  const path = follow();
  path.exchange(3);
  path.numbering.gaveUp(path.send());
  path.begin();
  path.exchange();
  path.reflect(path.send());
  path.exchange();
  path.finish();
  assertEquals(path.counts.lost, { out: 0, back: 1 });
});

Deno.test("Numbering bounds what it keeps, and goes on after a message that is never settled", () => {
  const path = follow();
  path.send();
  path.exchange(300_000);
  path.numbering.gaveUp(1);
  path.exchange(2000);
  path.send();
  path.exchange();
  path.finish();
  // The first was forgotten: it is unknown on which way it was lost.
  assertEquals(path.counts.lost, { out: 1, back: 0 });
  assert(path.numbering.isOfOneSession);
});

Deno.test("Numbering attributes a damaged answer to no way", () => {
  const path = follow();
  path.send();
  path.exchange(2);
  const damaged = path.send();
  path.reflect(damaged);
  path.numbering.damaged(damaged);
  path.exchange(2);
  path.numbering.gaveUp(1);
  path.numbering.settle();
  assertEquals(path.counts.lost, { out: 1, back: 0 });
});

Deno.test("Numbering tells all losses of a path that keeps the order, however many, and never more than there were", () => {
  const fate = fc.constantFrom(
    "there and back" as const,
    "there and back" as const,
    "lost out" as const,
    "lost back" as const,
    "doubled out" as const,
    "doubled back" as const,
  );
  fc.assert(
    fc.property(fc.array(fate, { maxLength: 3000 }), (fates) => {
      const path = follow();
      // It shows at once that the reflector numbers by itself.
      path.send();
      path.exchange();
      for (const fate of fates) {
        const sequence = path.send();
        if (fate === "lost out") continue;
        const reply = path.reflect(sequence);
        if (fate === "lost back") continue;
        path.take(reply);
        if (fate === "doubled back") path.take(reply);
        if (fate === "doubled out") path.take(path.reflect(sequence));
      }
      path.finish();
      const count = (...names: string[]) =>
        fates.filter((each) => names.includes(each)).length;
      assertEquals(path.counts, {
        lost: { out: 1 + count("lost out"), back: count("lost back") },
        duplicates: {
          out: count("doubled out"),
          back: count("doubled back"),
        },
        reordered: { out: 0, back: 0 },
      });
    }),
  );
});

Deno.test("Numbering never attributes more than was lost, whatever the numbers", () => {
  const step = fc.oneof(
    fc.constant("send" as const),
    fc.constant("give up" as const),
    fc.constant("restart" as const),
    fc.record({ which: fc.nat(40), number: fc.option(fc.nat(2 ** 32 - 1)) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const path = follow();
      let sent = 0;
      for (const step of steps) {
        if (step === "send") sent = path.send();
        else if (step === "give up") path.numbering.settle();
        else if (step === "restart") path.restart();
        else if (sent > 0) {
          const sequence = 1 + step.which % sent;
          const reply = path.reflect(sequence);
          path.take({ ...reply, number: step.number ?? reply.number });
        }
      }
      const replies = path.numbering.replies;
      path.finish();
      const { out, back } = path.counts.lost;
      assert(out + back <= sent - replies, `${out} + ${back} of ${sent}`);
    }),
  );
});
