/**
 * Noticing that the program stood still: was stopped, or had no processor.
 *
 * What arrives meanwhile waits in the socket, and no program can ask the system
 * since when. So a program that takes timestamps must at least know that it stood
 * still, and until when.
 *
 * @module
 */

/** Milliseconds from one sign of life to the next, which a timer gives. */
export const BEAT = 20;

/** The fewest microseconds without a sign of life that count as a standstill. */
const STANDSTILL = 50_000;

/** Microseconds after a standstill in which what arrived meanwhile is received. */
const CATCHING_UP = 100_000;

/** The last standstill of a program. All times are microseconds of its wall clock. */
export class Standstill {
  /** How many there were. */
  count = 0;
  /** When the last one began, and when it ended. */
  from = -Infinity;
  to = -Infinity;
  #aliveAt = Infinity;

  /** Records a sign of life. */
  alive(now: number): void {
    if (now - this.#aliveAt > STANDSTILL) {
      this.count++;
      this.from = this.#aliveAt;
      this.to = now;
    }
    this.#aliveAt = now;
  }

  /** Forgets when the last sign of life was: the wall clock was set. */
  forget(): void {
    this.#aliveAt = Infinity;
  }

  /** Whether what is received now may have arrived during a standstill. */
  isRecent(now: number): boolean {
    return now - this.to < CATCHING_UP;
  }
}
