/**
 * The least that is an executable to those who write into one: stand-ins for base
 * runtimes, which cannot run.
 *
 * @module
 */

/** A file of the format ELF, for Linux on x86-64. */
export function elfStandIn(): Uint8Array {
  const file = new Uint8Array(128);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, 62, true); // x86-64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, 0x400078n, true); // entry
  view.setBigUint64(32, 64n, true); // program headers: where,
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true); // their size,
  view.setUint16(56, 1, true); // and how many
  view.setUint16(58, 64, true);
  const segment = 64;
  view.setUint32(segment, 1, true); // loaded
  view.setUint32(segment + 4, 5, true); // read and executed
  view.setBigUint64(segment + 16, 0x400000n, true);
  view.setBigUint64(segment + 24, 0x400000n, true);
  view.setBigUint64(segment + 32, 128n, true);
  view.setBigUint64(segment + 40, 128n, true);
  view.setBigUint64(segment + 48, 4096n, true);
  return file;
}

/** A file of the format PE, for Windows on x86-64. */
export function peStandIn(): Uint8Array {
  const file = new Uint8Array(1024);
  const view = new DataView(file.buffer);
  const text = new TextEncoder();
  file.set(text.encode("MZ"));
  view.setUint32(0x3c, 0x40, true);
  file.set(text.encode("PE"), 0x40);
  view.setUint16(0x44, 0x8664, true); // x86-64
  view.setUint16(0x46, 1, true); // sections
  view.setUint16(0x54, 240, true); // size of the optional header
  view.setUint16(0x56, 0x22, true); // executable
  const header = 0x58;
  view.setUint16(header, 0x20b, true);
  view.setUint32(header + 4, 512, true); // code
  view.setUint32(header + 16, 0x1000, true); // entry
  view.setUint32(header + 20, 0x1000, true);
  view.setBigUint64(header + 24, 0x140000000n, true);
  view.setUint32(header + 32, 0x1000, true); // alignment in memory,
  view.setUint32(header + 36, 512, true); // and in the file
  view.setUint16(header + 40, 6, true);
  view.setUint16(header + 48, 6, true);
  view.setUint32(header + 56, 0x2000, true); // size in memory
  view.setUint32(header + 60, 512, true); // size of the headers
  view.setUint16(header + 68, 3, true); // console
  view.setUint32(header + 108, 16, true); // directories
  const section = header + 240;
  file.set(text.encode(".text"), section);
  view.setUint32(section + 8, 512, true);
  view.setUint32(section + 12, 0x1000, true);
  view.setUint32(section + 16, 512, true);
  view.setUint32(section + 20, 512, true);
  view.setUint32(section + 36, 0x60000020, true);
  file[512] = 0xc3; // return
  return file;
}
