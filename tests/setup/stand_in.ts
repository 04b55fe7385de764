/**
 * The least files that `deno compile` takes for a base runtime, one for each
 * system: no such runtime can be downloaded wherever the tests run. What is made
 * of them can be read, and not run.
 *
 * @module
 */
import { concat } from "@std/bytes/concat";

const ELF_MACHINES = { x86_64: 62, aarch64: 183 };
const PE_MACHINES = { x86_64: 0x8664, aarch64: 0xaa64 };
const MACH_O_MACHINES = { x86_64: 0x0100_0007, aarch64: 0x0100_000c };
type Machine = keyof typeof ELF_MACHINES;

/** Bytes with numbers at offsets, little-endian. */
function laidOut(
  size: number,
  fields: { [bits in 16 | 32 | 64]?: Record<number, number> },
  texts: Record<number, string> = {},
): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(size);
  const view = new DataView(data.buffer);
  for (const [at, value] of Object.entries(fields[16] ?? {})) {
    view.setUint16(Number(at), value, true);
  }
  for (const [at, value] of Object.entries(fields[32] ?? {})) {
    view.setUint32(Number(at), value, true);
  }
  for (const [at, value] of Object.entries(fields[64] ?? {})) {
    view.setBigUint64(Number(at), BigInt(value), true);
  }
  for (const [at, text] of Object.entries(texts)) {
    data.set(new TextEncoder().encode(text), Number(at));
  }
  return data;
}

/** An ELF file whose one segment is its headers. */
function elf(machine: Machine) {
  const header = 64, size = 120;
  return laidOut(size, {
    16: { 16: 3, 18: ELF_MACHINES[machine], 52: 64, 54: 56, 56: 1, 58: 64 },
    32: { 4: 0x0001_0102, 20: 1, [header]: 1, [header + 4]: 4 },
    64: {
      32: header,
      [header + 32]: size,
      [header + 40]: size,
      [header + 48]: 0x1000,
    },
  }, { 0: "\x7fELF" });
}

/** A PE file with one empty section. */
function pe(machine: Machine) {
  const header = 0x40, optional = header + 24, section = optional + 240;
  return laidOut(0x400, {
    16: {
      [header + 4]: PE_MACHINES[machine],
      [header + 6]: 1,
      [header + 20]: 240,
      [header + 22]: 0x22,
      [optional]: 0x20b,
      [optional + 40]: 6,
      [optional + 48]: 6,
      [optional + 68]: 3,
    },
    32: {
      60: header,
      [optional + 4]: 0x200,
      [optional + 16]: 0x1000,
      [optional + 20]: 0x1000,
      [optional + 32]: 0x1000,
      [optional + 36]: 0x200,
      [optional + 56]: 0x2000,
      [optional + 60]: 0x200,
      [optional + 108]: 16,
      [section + 8]: 0x200,
      [section + 12]: 0x1000,
      [section + 16]: 0x200,
      [section + 20]: 0x200,
      [section + 36]: 0x6000_0020,
    },
    64: { [optional + 24]: 0x1_4000_0000 },
  }, { 0: "MZ", [header]: "PE", [section]: ".text" });
}

/** A Mach-O file with an empty text, and an end for symbols and a signature. */
function machO(machine: Machine) {
  const text = 0x4000, symbols = 0x10, signature = 0x20;
  const segment = (name: string, at: number, size: number) =>
    laidOut(72, {
      32: { 0: 0x19, 4: 72, 56: 5, 60: 5 },
      64: { 24: 0x1_0000_0000 + at, 32: 0x4000, 40: at, 48: size },
    }, { 8: name });
  const commands = concat([
    segment("__TEXT", 0, text),
    segment("__LINKEDIT", text, symbols + signature),
    laidOut(24, { 32: { 0: 2, 4: 24, 8: text, 16: text, 20: symbols } }),
    laidOut(16, {
      32: { 0: 0x1d, 4: 16, 8: text + symbols, 12: signature },
    }),
  ]);
  const data = new Uint8Array(text + symbols + signature);
  data.set(
    laidOut(32, {
      32: {
        0: 0xfeed_facf,
        4: MACH_O_MACHINES[machine],
        12: 2,
        16: 4,
        20: commands.length,
      },
    }),
  );
  data.set(commands, 32);
  return data;
}

/** A stand-in for the base runtime of a target, which is named as Deno does. */
export function standIn(triple: string): Uint8Array<ArrayBuffer> {
  const machine = triple.split("-")[0] as Machine;
  const make = triple.includes("windows")
    ? pe
    : triple.includes("apple")
    ? machO
    : elf;
  return make(machine);
}
