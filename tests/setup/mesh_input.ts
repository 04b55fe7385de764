/**
 * The output of clients that measured every path between some boxes, generated.
 *
 * @module
 */
import type { Source } from "../../report/mod.ts";
import { evenly, linesOf } from "./report_input.ts";

/** What a test wants of a mesh. */
export interface MeshInput {
  /** How many boxes: `box1`, `box2`, … */
  boxes: number;
  /** The path that lost a tenth of its messages, by its boxes' numbers. */
  lossy?: [from: number, to: number];
  /** A box that no other reached. */
  down?: string;
  /** How often each path was measured; once where it is absent. */
  rounds?: number;
}

/** The delays of a path: those of one with larger numbers are longer. */
export function delaysOf(from: number, to: number, round = 0): number[] {
  const base = 100 * from + 10 * to;
  return evenly(90, base, (round + 2) * base);
}

/** A file for each box, with what it measured to each other. */
export async function meshOf(
  { boxes, lossy, down, rounds = 1 }: MeshInput,
): Promise<Source[]> {
  const numbers = Array.from({ length: boxes }, (_, i) => i + 1);
  return await Promise.all(numbers.map(async (from): Promise<Source> => {
    const lines: string[] = [];
    for (const to of numbers.filter((to) => to !== from)) {
      const isLossy = from === lossy?.[0] && to === lossy[1];
      for (let round = 0; round < rounds; round++) {
        lines.push(
          ...await linesOf({
            delays: delaysOf(from, to, round),
            lost: isLossy ? 10 : 0,
            failure: isLossy ? "10 of 100 lost" : undefined,
            settings: { source_label: `box${from}`, label: `box${to}` },
          }),
        );
      }
    }
    if (down !== undefined) lines.push(unreachable(down));
    return {
      name: `box${from}.jsonl`,
      text: lines.map((line) => `${line}\n`).join(""),
    };
  }));
}

/** What a client prints of a target that it cannot reach. */
function unreachable(target: string): string {
  return JSON.stringify({
    event: "error",
    role: "udp-client",
    time: "2026-01-02T03:04:05.000Z",
    schema: 2,
    of_target: target,
    code: "cannot-connect",
    message: "no route to host",
    exit_code: 3,
  });
}
