/**
 * A mesh of boxes on this machine, measured for real: each with a STAMP reflector,
 * one path with losses on its way out, and one box that does not answer.
 *
 * @module
 */
import type { Source } from "../../report/mod.ts";
import { startRole, type TestProcess } from "./process.ts";
import { bindAnyPort, UdpRelay } from "./relay.ts";

/** What is measured. */
export interface RealMesh {
  /** The boxes that measure, and are measured. */
  boxes: readonly string[];
  /** One that is down. */
  down: string;
  /** The path that loses messages on its way out. */
  lossy: { from: string; to: string };
  /** Messages to each, at so many a second. */
  count: number;
  rate: number;
}

/** Numbers of the messages that the lossy path loses: single ones, and a row of them. */
function lostOf(count: number): number[] {
  const outage = Math.round(count / 2);
  return Array.from({ length: count }, (_, i) => i + 1).filter((number) =>
    number % 40 === 15 ||
    number > outage && number <= outage + count / 10
  );
}

/** Measures it; each box prints a file. */
export async function measureMesh(mesh: RealMesh): Promise<Source[]> {
  const { boxes, down, lossy, count, rate } = mesh;
  await using all = new AsyncDisposableStack();
  const start = (...args: Parameters<typeof startRole>): TestProcess =>
    all.use(startRole(...args));
  const ports = new Map<string, number>();
  for (const box of boxes) {
    const args = ["--host", "127.0.0.1", "--port", "0", "--service", "stamp"];
    ports.set(box, await start("udp-server", args).listening());
  }
  // Bound, and never answers.
  const silent = bindAnyPort();
  all.defer(() => silent.close());
  ports.set(down, (silent.addr as Deno.NetAddr).port);
  const relay = all.use(
    new UdpRelay({
      port: ports.get(lossy.to)!,
      out: { lose: lostOf(count) },
    }),
  );
  const clients = boxes.map((box) => {
    const targets = [...ports].filter(([name]) => name !== box)
      .map(([name, port]) => {
        const isLossy = box === lossy.from && name === lossy.to;
        return `127.0.0.1:${isLossy ? relay.port : port} ${name}\n`;
      });
    return start("udp-client", [
      ...["--targets", "-", "--source-label", box, "--service", "stamp"],
      ...["--rate", String(rate), "--count", String(count), "--json"],
      ...["--timeout", "2s"],
      ...["--expect", "loss.out<=0.5%", "--expect", "loss.back<=0.5%"],
    ], {
      stdin: ReadableStream.from([targets.join("")]).pipeThrough(
        new TextEncoderStream(),
      ),
    });
  });
  return await Promise.all(clients.map(async (client, i) => ({
    name: `${boxes[i]}.jsonl`,
    text: (await client.outcome()).stdout,
  })));
}
