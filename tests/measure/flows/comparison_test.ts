/**
 * Which flows are found to be worse than the rest: by drawn numbers, without any
 * socket or clock.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { compareFlows } from "../../../measure/flows/comparison.ts";
import { FlowTally } from "../../../measure/flows/flow_tally.ts";

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function draws(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What a message of a flow meets. */
interface Path {
  /** The probability that it is lost. */
  loss?: number;
  /** Its delay in microseconds. */
  delay?: number;
}

const SECOND = 1e6;

/** A run whose flows each send so many messages at random moments. */
function run(
  { flows = 64, messages = 100, length = 10 * SECOND, seed = 1 },
  pathOf: (flow: number, draw: () => number) => Path,
): FlowTally {
  const draw = draws(seed);
  const tally = new FlowTally(flows, 0);
  for (let flow = 0; flow < flows; flow++) {
    for (let i = 0; i < messages; i++) {
      const at = (i + draw()) * length / messages;
      const { loss = 0, delay = 200 } = pathOf(flow, draw);
      tally.sent(flow, at, false);
      if (draw() < loss) tally.gaveUp(flow, at, false);
      // Skewed, as delays are.
      else tally.answered(flow, delay * (1 - Math.log(1 - draw())), false);
    }
  }
  return tally;
}

function compare(tally: FlowTally, more = {}) {
  return compareFlows(tally, {
    ports: Array.from({ length: tally.flows }, (_, i) => 4000 + i),
    knowsLoss: true,
    lateness: 0,
    isUnread: false,
    ...more,
  })!;
}

/** The ports of those found to be worse. */
function found(tally: FlowTally): number[] {
  return compare(tally).each.filter(({ worse_by }) => worse_by)
    .map(({ local_port }) => local_port).toSorted();
}

Deno.test("compareFlows() finds no flow in a thousand runs in which all fare alike", () => {
  for (let seed = 0; seed < 1000; seed++) {
    const path = { loss: [0, 0.001, 0.02, 0.3][seed % 4], delay: 5000 };
    const tally = run({ flows: 16, messages: 60, seed }, () => path);
    assertEquals(found(tally), [], `seed ${seed}`);
  }
});

Deno.test("compareFlows() finds exactly the flows that lose more", () => {
  const isBad = (flow: number) => flow % 8 === 3;
  const tally = run(
    { messages: 300 },
    (flow) => ({ loss: isBad(flow) ? 0.12 : 0.002 }),
  );
  assertEquals(
    found(tally),
    Array.from({ length: 8 }, (_, i) => 4003 + 8 * i),
  );
  assertEquals(compare(tally).bad, 8);
});

Deno.test("compareFlows() finds exactly the flows that take longer", () => {
  const tally = run({}, (flow) => ({ delay: flow === 9 ? 9000 : 4000 }));
  const { bad, each } = compare(tally);
  assertEquals([bad, each[0].local_port], [1, 4009]);
  assertEquals(each[0].worse_by, ["delay"]);
});

Deno.test("compareFlows() finds the half of the flows that takes a slower path", () => {
  const tally = run({ flows: 8 }, (flow) => ({ delay: flow < 4 ? 900 : 9000 }));
  assertEquals(found(tally), [4004, 4005, 4006, 4007]);
});

Deno.test("compareFlows() finds a dead flow by three messages where the others have a thousand", () => {
  const tally = run({ messages: 1000 }, () => ({}));
  const dead = new FlowTally(64, 0);
  Object.assign(dead, tally);
  for (const counts of [dead.sentBy, dead.timelyBy, dead.slotsBy]) {
    counts[5] = 3;
  }
  for (const counts of [dead.lostBy, dead.timelyLostBy, dead.lossySlotsBy]) {
    counts[5] = 3;
  }
  assertEquals(found(dead), [4005]);
});

Deno.test("compareFlows() takes a burst of losses for one loss", () => {
  const tally = run({ messages: 1000 }, () => ({}));
  for (let i = 0; i < 60; i++) {
    tally.sent(7, 10 * SECOND + i, false);
    tally.gaveUp(7, 10 * SECOND + i, false);
  }
  assertEquals(compare(tally).each[0].lost, 60);
  assertEquals(found(tally), []);
});

Deno.test("compareFlows() does not take a flow that sends more for one that loses more", () => {
  const tally = new FlowTally(8, 0);
  const draw = draws(7);
  for (let flow = 0; flow < 8; flow++) {
    for (let i = 0; i < (flow === 0 ? 20_000 : 400); i++) {
      const at = draw() * 10 * SECOND;
      tally.sent(flow, at, false);
    }
    for (let at = 0; at < 10 * SECOND; at += flow === 0 ? 50_000 : 2_500_000) {
      tally.gaveUp(flow, at, false);
    }
  }
  assertEquals(found(tally), []);
});

Deno.test("compareFlows() does not judge flows by what the client sent late", () => {
  const tally = run({}, () => ({}));
  for (let i = 0; i < 500; i++) {
    const at = i * 20_000;
    tally.sent(7, at, true);
    if (i % 2) tally.gaveUp(7, at, true);
    else tally.answered(7, 90_000, true);
  }
  const { bad, each } = compare(tally);
  // It is counted all the same.
  assertEquals([bad, each[0].local_port, each[0].lost], [0, 4007, 250]);
});

Deno.test("compareFlows() overlooks what a client's turns add to some flows", () => {
  // The last of a round waits for all before it.
  const tally = run({}, (flow) => ({ delay: 500 + 60 * flow }));
  assertEquals(found(tally), []);
});

Deno.test("compareFlows() overlooks a millisecond where the client's own timers are later than that", () => {
  const tally = run({}, (flow) => ({ delay: flow === 9 ? 3000 : 200 }));
  assertEquals(compare(tally).bad, 1);
  assertEquals(compare(tally, { lateness: 9000 }).bad, 0);
});

Deno.test("compareFlows() does not judge delays where the client left answers unread", () => {
  const tally = run({}, (flow) => ({ delay: flow === 9 ? 9000 : 200 }));
  assertEquals(compare(tally).bad, 1);
  const tcp = compare(tally, { knowsLoss: false, isUnread: true });
  assertEquals([tcp.bad, tcp.unjudged], [undefined, 64]);
});

Deno.test("compareFlows() does not say that flows fare alike where they sent too little to tell", () => {
  const { bad, unjudged, count } = compare(run({ messages: 1 }, () => ({})));
  assertEquals([bad, unjudged, count], [undefined, 64, 64]);
});

Deno.test("compareFlows() lists the worst thousand of more, without delays", () => {
  const tally = run(
    { flows: 1200, messages: 30 },
    (flow) => ({ loss: flow === 1100 ? 0.9 : 0 }),
  );
  const { count, bad, each } = compare(tally);
  assertEquals([count, bad, each.length], [1200, 1, 1000]);
  assertEquals(each[0].connection, 1101);
  assert(each.every(({ p50_us }) => p50_us === undefined));
});

Deno.test("compareFlows() has nothing to compare a single flow with", () => {
  assertEquals(
    compareFlows(new FlowTally(1, 0), {
      ports: [4000],
      knowsLoss: true,
      lateness: 0,
      isUnread: false,
    }),
    undefined,
  );
});
