/**
 * Waiting for a condition.
 *
 * @module
 */

/** Waits for a condition; fails after a time that no test needs. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  milliseconds = 10_000,
): Promise<void> {
  const giveUp = performance.now() + milliseconds;
  while (!(await condition())) {
    if (performance.now() > giveUp) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
