/**
 * Watching how late the event loop runs, with one timer for all runs.
 *
 * @module
 */
import { now } from "../net/clock.ts";

/** Milliseconds between two looks. */
const LOOK_INTERVAL = 20;

/** Called with how late a look was, in microseconds. */
type Observer = (lateness: number) => void;

const observers = new Set<Observer>();
let timer: ReturnType<typeof setTimeout> | undefined;

function look(): void {
  const due = now() + LOOK_INTERVAL * 1000;
  timer = setTimeout(() => {
    const lateness = Math.max(now() - due, 0);
    for (const observe of observers) observe(lateness);
    look();
  }, LOOK_INTERVAL);
}

/**
 * Watches the event loop.
 *
 * @returns Ends it.
 */
export function watchLoop(observe: Observer): () => void {
  observers.add(observe);
  if (timer === undefined) look();
  return () => {
    observers.delete(observe);
    if (observers.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
  };
}
