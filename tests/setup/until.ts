/**
 * Waiting for a condition, or for a count to stay unchanged.
 *
 * @module
 */

/** Waits for a condition; fails after a generous timeout. */
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

/** Waits until a count has stayed as it is for so many milliseconds. */
export async function untilQuiet(
  count: () => number,
  milliseconds: number,
): Promise<void> {
  let last = count();
  let lastAt = performance.now();
  await until(() => {
    if (count() !== last) {
      last = count();
      lastAt = performance.now();
    }
    return performance.now() - lastAt > milliseconds;
  }, "silence");
}
