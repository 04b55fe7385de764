/**
 * One line on a terminal with the progress of a measuring run.
 *
 * @module
 */
import type { ProgramEvent } from "../../events/line.ts";
import type {
  IntervalDirections,
  LoadIntervalEvent,
  StartedEvent,
} from "../../events/mod.ts";
import {
  formatByteRate,
  formatDuration,
  formatRate,
  toAscii,
} from "../../text/format.ts";
import type { Output } from "./writer.ts";

const CLEAR = "\r\x1b[K";
const BAR_WIDTH = 10;

/** What is shown of an interval under load. */
function loadParts(event: LoadIntervalEvent): string[] {
  const { sent_bytes_per_second: sent, received_bytes_per_second: received } =
    event;
  return [
    event.phase,
    formatDuration(event.elapsed_us),
    ...event.rtt_us?.p50 === undefined ? ["no answers"] : [
      `p50 ${formatDuration(event.rtt_us.p50)}`,
      `p99 ${formatDuration(event.rtt_us.p99!)}`,
    ],
    ...sent === undefined ? [] : [`${formatByteRate(sent)} out`],
    ...received === undefined ? [] : [`${formatByteRate(received)} back`],
    ...event.saturated ? ["full"] : [],
  ];
}

/** Shows the latest interval of a run, over the one before. */
export class LiveLine {
  readonly #terminal: Output;
  readonly #width: number;
  readonly #ascii: boolean;
  #started: StartedEvent | undefined;
  #done = 0;
  #lost = 0;
  readonly #lostOn = { out: 0, back: 0 };
  #isShown = false;

  /**
   * @param terminal Where it is shown.
   * @param width The terminal's width, in characters.
   * @param ascii Draw with ASCII characters alone.
   */
  constructor(terminal: Output, width: number, ascii: boolean) {
    this.#terminal = terminal;
    this.#width = width;
    this.#ascii = ascii;
  }

  /** Records an event, and shows it where it is an interval. */
  observe(event: ProgramEvent): void {
    if (event.event === "started") {
      this.#started = event;
      this.#done = this.#lost = 0;
      this.#lostOn.out = this.#lostOn.back = 0;
    }
    if (event.event === "load-interval") return this.#show(loadParts(event));
    // Its probes are seen in the phases.
    if (this.#started?.under_load !== undefined) return;
    if (event.event !== "interval" || this.#started === undefined) return;
    if (!event.warmup) {
      this.#done += event.messages_sent;
      this.#lost += event.lost ?? 0;
    }
    const elapsed = event.elapsed_us;
    const { duration_us, warmup_us, count, service } = this.#started;
    const isConnecting = service === "connect";
    const end = event.warmup ? warmup_us : duration_us;
    const share = Math.max(
      end === undefined ? 0 : elapsed / end,
      count === undefined ? 0 : this.#done / count,
    );
    const throughput = formatByteRate(
      event.received_bytes_per_second || event.sent_bytes_per_second,
    );
    const isCounted = event.messages_per_second > 0;
    const parts = [
      event.warmup ? "warming up" : formatDuration(elapsed),
      isCounted
        ? `${formatRate(event.messages_per_second)} ${
          isConnecting ? "connects" : "messages"
        }/s`
        : throughput,
    ];
    if (event.rtt_us?.p50 !== undefined) {
      parts.push(`p50 ${formatDuration(event.rtt_us.p50)}`);
      parts.push(`p99 ${formatDuration(event.rtt_us.p99!)}`);
    }
    if (event.lost !== undefined) {
      parts.push(`${this.#lost} ${isConnecting ? "failed" : "lost"}`);
    }
    if (event.directions !== undefined) {
      parts.push(...this.#ways(event.directions));
    }
    if (isCounted && !isConnecting) parts.push(throughput);
    if (share > 0) {
      const left = share < 1
        ? `${formatDuration(elapsed / share - elapsed)} left`
        : "";
      parts.unshift(`${this.#bar(Math.min(share, 1))} ${left}`.trimEnd());
    }
    this.#show(parts);
  }

  /** What was lost on each way, and how much longer than the fastest the slowest took. */
  #ways(directions: IntervalDirections): string[] {
    const arrows = this.#ascii ? ["->", "<-"] : ["→", "←"];
    return (["out", "back"] as const).flatMap((way, i) => {
      const { lost, variation_us } = directions[way];
      if (lost !== undefined) this.#lostOn[way] += lost;
      const texts = [
        ...lost === undefined ? [] : [`${this.#lostOn[way]} lost`],
        ...variation_us?.p99 === undefined
          ? []
          : [`p99 +${formatDuration(variation_us.p99)}`],
      ];
      return texts.length === 0 ? [] : [`${arrows[i]} ${texts.join(", ")}`];
    });
  }

  #bar(share: number): string {
    const full = Math.round(share * BAR_WIDTH);
    const [done, open] = this.#ascii ? ["#", "."] : ["█", "░"];
    return done.repeat(full) + open.repeat(BAR_WIDTH - full);
  }

  /** Shows as many of the parts as fit. */
  #show(parts: string[]): void {
    this.#isShown = true;
    let line = "";
    for (const part of this.#ascii ? parts.map(toAscii) : parts) {
      const longer = line === "" ? part : `${line}  ${part}`;
      if (longer.length >= this.#width) break;
      line = longer;
    }
    this.#terminal.write(new TextEncoder().encode(`${CLEAR}${line}`));
  }

  /** Clears the line, so that something else can be written; resolves when that is done. */
  async clear(): Promise<void> {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#terminal.write(new TextEncoder().encode(CLEAR));
    await this.#terminal.flush();
  }
}
