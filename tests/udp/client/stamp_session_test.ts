import { assert, assertEquals } from "@std/assert";
import { DirectionTally } from "../../../measure/directions/directions.ts";
import { now } from "../../../net/clock.ts";
import { SessionClock } from "../../../udp/client/session_clock.ts";
import {
  isStampSize,
  StampSession,
} from "../../../udp/client/stamp_session.ts";
import {
  decodeSenderPacket,
  encodeReflectorPacket,
} from "../../../udp/stamp/packet.ts";
import type { Timestamp } from "../../../udp/stamp/timestamp.ts";
import { tlvsOf } from "../../../udp/stamp/tlv.ts";
import { WallClock } from "../../../udp/stamp/wall_clock.ts";

/** A session whose wall clock a test sets, and a reflector beside it that is right. */
async function follow(clockSynchronized: boolean, size = 44) {
  const directions = await DirectionTally.create();
  let set = 0;
  const trueTime = () => performance.timeOrigin + performance.now();
  const wall = new WallClock(
    () => directions.ownClockStepped(clockSynchronized),
    {
      monotonic: () => performance.now(),
      wall: () => Math.floor(trueTime() + set),
    },
  );
  const session = new StampSession({
    size,
    ssid: 7,
    clock: new SessionClock(wall),
    clockSynchronized,
  });
  session.begin(1, directions);
  const time = (): Timestamp => {
    const milliseconds = trueTime();
    const seconds = Math.floor(milliseconds / 1000);
    return { seconds, nanoseconds: (milliseconds - seconds * 1000) * 1e6 };
  };
  let next = 1;
  return {
    session,
    directions,
    /** Sets this side's clock by so many milliseconds. */
    set: (milliseconds: number) => void (set += milliseconds),
    /** Sends a message and takes its answer, with something in between. */
    exchange(between = () => {}): number {
      const sentAt = now();
      const sequence = next++;
      const asked = decodeSenderPacket(
        session.make(sequence, sequence, sentAt).slice(),
      )!;
      // Longer than from one comparison of the clocks to the next.
      for (const until = now() + 700; now() < until;);
      const received = time();
      between();
      for (const until = now() + 700; now() < until;);
      const answer = encodeReflectorPacket({
        ...asked,
        sequence: sequence - 1,
        timestamp: received,
        errorEstimate: { ...asked.errorEstimate, synchronized: true },
        receiveTimestamp: received,
        senderSequence: asked.sequence,
        senderTimestamp: asked.timestamp,
        senderErrorEstimate: asked.errorEstimate,
      });
      assertEquals(session.read(answer), sequence - 1);
      return session.answered(sequence, sentAt, now(), false);
    },
  };
}

Deno.test("a session measures relative delays on across a step of its own clock, and says that there was one", async () => {
  const path = await follow(false);
  for (let i = 0; i < 5; i++) path.exchange();
  path.set(60_000);
  for (let i = 0; i < 5; i++) path.exchange();
  const { out, back, clock, notes } = path.directions.result(0);
  assertEquals([out.variation_us!.count, clock!.own_steps], [10, 1]);
  for (const { max } of [out.variation_us!, back.variation_us!]) {
    assert(max < 10e6, `${max} µs`);
  }
  assert(notes.some((note) => note.includes("this machine's clock")));
});

Deno.test("a session that is synchronized leaves out what a step of its own clock divides, and offers no absolute delay", async () => {
  const path = await follow(true);
  for (let i = 0; i < 5; i++) path.exchange();
  path.exchange(() => path.set(-60_000));
  for (let i = 0; i < 5; i++) path.exchange();
  const { out, back, clock, notes } = path.directions.result(0);
  assertEquals([out.variation_us!.count, clock!.own_steps], [10, 1]);
  assertEquals([out.delay_us, back.delay_us], [undefined, undefined]);
  for (const { max } of [out.variation_us!, back.variation_us!]) {
    assert(max < 10e6, `${max} µs`);
  }
  assert(notes.some((note) => note.includes("one was set")), notes.join());
});

Deno.test("a session says of its clock's synchronization what it was told, and no more", async () => {
  for (const isSynchronized of [false, true]) {
    const { session } = await follow(isSynchronized);
    const { errorEstimate, ssid, sequence } = decodeSenderPacket(
      session.make(1, 1, now()),
    )!;
    assertEquals(errorEstimate.synchronized, isSynchronized);
    assert(errorEstimate.multiplier > 0);
    assertEquals([ssid, sequence], [7, 0]);
  }
});

Deno.test("a session pads its packets with one TLV of Extra Padding", async () => {
  const { session } = await follow(false, 300);
  const packet = session.make(1, 1, now());
  const tlvs = [...tlvsOf(packet, 44)];
  assertEquals(packet.length, 300);
  assertEquals(
    tlvs.map(({ type, value, isWhole }) => [
      type,
      value.length,
      isWhole,
    ]),
    [[1, 252, true]],
  );
  assertEquals(
    [43, 44, 45, 47, 48, 112].map((size) => isStampSize(size, false)),
    [false, true, false, false, true, true],
  );
});

Deno.test("a session remembers what it sent, however many messages are in flight", async () => {
  const { session } = await follow(false);
  const count = 5000;
  const sent = Array.from(
    { length: count },
    (_, i) => session.make(i + 1, 1, now()).slice(),
  );
  for (const [i, packet] of sent.entries()) {
    const asked = decodeSenderPacket(packet)!;
    const answer = encodeReflectorPacket({
      ...asked,
      receiveTimestamp: asked.timestamp,
      senderSequence: i,
      senderTimestamp: asked.timestamp,
      senderErrorEstimate: asked.errorEstimate,
    });
    answer.set(packet.subarray(4, 12), 28);
    assert(session.isIntact(answer, i + 1), `${i}`);
    answer[28 + i % 8] ^= 1;
    assert(!session.isIntact(answer, i + 1), `${i}`);
  }
});
