/**
 * Telling for which system and processor an executable file is.
 *
 * @module
 */

/** Processors by their numbers in each format. */
const ELF = { 62: "x86_64", 183: "aarch64" };
const PE = { 0x8664: "x86_64", 0xaa64: "aarch64" };
const MACH_O = { 0x0100_0007: "x86_64", 0x0100_000c: "aarch64" };

/** The systems by Deno's names, without the processor. */
const LINUX = "unknown-linux-gnu";
const WINDOWS = "pc-windows-msvc";
const MACOS = "apple-darwin";

/**
 * The target of an executable, by its header.
 *
 * @param data The file's bytes.
 * @returns Deno's name, such as `x86_64-unknown-linux-gnu`; undefined for other
 * files.
 *
 * ```ts
 * import { tripleOf } from "./executable_format.ts";
 *
 * console.log(tripleOf(await Deno.readFile(Deno.execPath())) === Deno.build.target);
 * ```
 */
export function tripleOf(data: Uint8Array<ArrayBuffer>): string | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const named = (
    machines: Record<number, string>,
    machine: number,
    system: string,
  ) => machines[machine] && `${machines[machine]}-${system}`;
  try {
    switch (view.getUint32(0, true)) {
      case 0x464c_457f:
        return named(ELF, view.getUint16(18, true), LINUX);
      case 0xfeed_facf:
        return named(MACH_O, view.getUint32(4, true), MACOS);
    }
    const header = view.getUint32(60, true);
    const isPe = view.getUint16(0, true) === 0x5a4d &&
      view.getUint32(header, true) === 0x4550;
    return isPe
      ? named(PE, view.getUint16(header + 4, true), WINDOWS)
      : undefined;
  } catch (error) {
    // Too short for a header.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
