/**
 * Tests that need something that is not everywhere.
 *
 * @module
 */

/** A test that needs something; where that is missing, it says so and is skipped. */
export function testWhere(
  given: boolean,
  missing: string,
  name: string,
  fn: () => void | Promise<void>,
): void {
  Deno.test({
    name: given ? name : `${name} (skipped: ${missing})`,
    ignore: !given,
    fn,
  });
}

/** How a program is asked for its version, where that is not `--version`. */
const VERSION_FLAGS: Record<string, string> = {
  ip: "-V",
  pdftotext: "-v",
  socat: "-V",
};

/** Whether a program is installed; tests that need one say so where it is not. */
export function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, {
      args: [VERSION_FLAGS[program] ?? "--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Whether this machine has IPv6 on its loopback. */
export const HAS_IPV6: boolean = (() => {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
})();

/** A test that sends a signal to a process, which Windows does not allow. */
export function signalTest(name: string, fn: () => Promise<void>): void {
  testWhere(Deno.build.os !== "windows", "needs signals", name, fn);
}
