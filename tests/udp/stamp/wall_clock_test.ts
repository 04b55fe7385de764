/**
 * The wall clock over clocks that the test moves.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { WallClock } from "../../../udp/stamp/wall_clock.ts";

const START = Date.UTC(2026, 0, 1) + 0.4;

/** Two clocks; each reading takes a tenth of a microsecond. */
class Simulated {
  time = 5000;
  /** The system's time: how far ahead of the monotonic clock, and how much faster. */
  ahead = START - 5000;
  rate = 1;

  readonly clocks = {
    monotonic: () => this.time += 1e-4,
    wall: () => {
      this.time += 1e-4;
      return Math.floor(this.true());
    },
  };

  /** Milliseconds since the Unix epoch. */
  true(): number {
    return 5000 + (this.time - 5000) * this.rate + this.ahead;
  }
}

/** By how many microseconds a wall clock is off. */
function offBy(clock: WallClock, simulated: Simulated): number {
  const { seconds, nanoseconds } = clock.read({ seconds: 0, nanoseconds: 0 });
  const now = simulated.true();
  const fraction = now - Math.floor(now / 1000) * 1000;
  return (seconds - Math.floor(now / 1000)) * 1e6 + nanoseconds / 1e3 -
    fraction * 1e3;
}

Deno.test("the wall clock is right to a microsecond at once", () => {
  const simulated = new Simulated();
  const clock = new WallClock(undefined, simulated.clocks);
  assertEquals(Math.abs(offBy(clock, simulated)) < 1, true);
  assertEquals(clock.uncertainty < 1, true);
});

Deno.test("the wall clock does not wander while the system's time does not", () => {
  const simulated = new Simulated();
  const clock = new WallClock(undefined, simulated.clocks);
  for (let i = 0; i < 1000; i++) {
    simulated.time += 77.7;
    assertEquals(Math.abs(offBy(clock, simulated)) < 1, true);
  }
  assertEquals(clock.steps, 0);
});

for (const slew of [400e-6, -400e-6, 20e-6]) {
  Deno.test(`the wall clock follows a system's time that is slewed by ${slew * 1e6} ppm, and calls it no step`, () => {
    const simulated = new Simulated();
    const clock = new WallClock(undefined, simulated.clocks);
    simulated.rate = 1 + slew;
    let worst = 0;
    for (let i = 0; i < 20_000; i++) {
      simulated.time += 10.37;
      worst = Math.max(worst, Math.abs(offBy(clock, simulated)));
    }
    // The system's time has moved by 4 to 80 ms.
    assertEquals(worst < 500, true, `off by ${worst} us`);
    assertEquals(clock.steps, 0);
  });
}

Deno.test("the wall clock is within a millisecond of a slewed time after any pause", () => {
  const simulated = new Simulated();
  const clock = new WallClock(undefined, simulated.clocks);
  simulated.rate = 1 + 300e-6;
  for (let pause = 1; pause < 1e6; pause *= 3.1) {
    simulated.time += pause;
    const off = Math.abs(offBy(clock, simulated));
    assertEquals(off < 1000, true, `off by ${off} us after ${pause} ms`);
    assertEquals(clock.uncertainty + 1 >= off, true);
  }
  assertEquals(clock.steps, 0);
});

for (const step of [3_600_000, 20, -20, -3_600_000]) {
  Deno.test(`a step of the system's time by ${step} ms is noticed, told, and not averaged in`, () => {
    const simulated = new Simulated();
    const steps: number[] = [];
    const clock = new WallClock((us) => steps.push(us), simulated.clocks);
    for (let i = 0; i < 10; i++) {
      simulated.time += 10;
      offBy(clock, simulated);
    }
    assertEquals(clock.steps, 0);
    simulated.ahead += step;
    simulated.time += 10;
    // This finds the edge of a millisecond, which takes up to one.
    assertEquals(Math.abs(offBy(clock, simulated)) < 1001, true);
    assertEquals(Math.abs(offBy(clock, simulated)) < 1, true);
    assertEquals(clock.steps, 1);
    assertEquals(steps.length, 1);
    assertEquals(Math.abs(steps[0] / 1000 - step) < 1, true);
    simulated.time += 10;
    offBy(clock, simulated);
    assertEquals(clock.steps, 1);
  });
}

Deno.test("a step by a part of a millisecond is noticed within some readings", () => {
  const simulated = new Simulated();
  const clock = new WallClock(undefined, simulated.clocks);
  simulated.ahead += 0.4;
  for (let i = 0; i < 20; i++) {
    simulated.time += 1.07;
    offBy(clock, simulated);
  }
  assertEquals(clock.steps, 1);
  assertEquals(Math.abs(offBy(clock, simulated)) < 1, true);
});

Deno.test("time that is read on is never before the last time read", () => {
  const simulated = new Simulated();
  const clock = new WallClock(undefined, simulated.clocks);
  simulated.rate = 1 - 400e-6;
  for (let i = 0; i < 10_000; i++) {
    simulated.time += 3.3;
    const first = { ...clock.read({ seconds: 0, nanoseconds: 0 }) };
    const second = clock.readOn({ seconds: 0, nanoseconds: 0 });
    assertEquals(
      second.seconds > first.seconds ||
        second.seconds === first.seconds &&
          second.nanoseconds >= first.nanoseconds,
      true,
    );
  }
});

Deno.test("the wall clock is right at once also where it is interrupted at an edge", () => {
  const simulated = new Simulated();
  let readings = 0;
  const clock = new WallClock(undefined, {
    ...simulated.clocks,
    wall: () => {
      const wall = simulated.clocks.wall();
      // Others have the processor for a while, and the first edges pass unseen.
      if (++readings === 500 || readings === 700) simulated.time += 1.3;
      return wall;
    },
  });
  assertEquals(readings > 700, true);
  assertEquals(clock.uncertainty < 5, true);
  assertEquals(Math.abs(offBy(clock, simulated)) < 5, true);
});

Deno.test("clocks that stand still end the search for an edge", () => {
  const clock = new WallClock(undefined, {
    monotonic: () => 1000,
    wall: () => 1_700_000_000_123,
  });
  const time = clock.read({ seconds: 0, nanoseconds: 0 });
  assertEquals(time.seconds, 1_700_000_000);
  assertEquals(clock.uncertainty <= 1000, true);
});

Deno.test("the system's wall clock agrees with Date.now()", () => {
  const clock = new WallClock();
  const before = Date.now();
  const { seconds, nanoseconds } = clock.read({ seconds: 0, nanoseconds: 0 });
  const after = Date.now();
  const milliseconds = seconds * 1000 + nanoseconds / 1e6;
  assertEquals(milliseconds >= before - 0.1, true);
  assertEquals(milliseconds < after + 1.1, true);
});
