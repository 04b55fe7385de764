/**
 * Datagrams as a capture file, which Wireshark reads.
 *
 * @module
 */

/** A datagram between two ports of the loopback. */
export interface CapturedDatagram {
  from: number;
  to: number;
  data: Uint8Array;
}

const IP_HEADER = 20;
const UDP_HEADER = 8;
const LOOPBACK = 0x7f000001;
const LINK_TYPE_RAW = 101;

/** A capture file (pcap) of datagrams. */
export function captureOf(datagrams: CapturedDatagram[]): Uint8Array {
  const file: number[] = [];
  const append = (size: number, write: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(size));
    write(view);
    file.push(...new Uint8Array(view.buffer));
  };
  append(24, (header) => {
    header.setUint32(0, 0xa1b2c3d4);
    header.setUint32(4, 0x00020004);
    header.setUint32(16, 65_535);
    header.setUint32(20, LINK_TYPE_RAW);
  });
  for (const { from, to, data } of datagrams) {
    const length = IP_HEADER + UDP_HEADER + data.length;
    append(16 + IP_HEADER + UDP_HEADER, (view) => {
      view.setUint32(0, 1_600_000_000);
      view.setUint32(8, length);
      view.setUint32(12, length);
      // Version and header length, length, TTL and UDP, addresses.
      view.setUint8(16, 0x45);
      view.setUint16(18, length);
      view.setUint16(24, 0x4011);
      view.setUint32(28, LOOPBACK);
      view.setUint32(32, LOOPBACK);
      view.setUint16(36, from);
      view.setUint16(38, to);
      view.setUint16(40, UDP_HEADER + data.length);
    });
    file.push(...data);
  }
  return Uint8Array.from(file);
}
