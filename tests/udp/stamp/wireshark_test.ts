/**
 * STAMP's packets as Wireshark's dissector reads them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { serveUdp } from "../../../mod.ts";
import { encodeSenderPacket } from "../../../udp/stamp/packet.ts";
import { extraPadding } from "../../../udp/stamp/tlv.ts";
import { captureOf } from "../../setup/capture.ts";
import { UdpSocket } from "../../setup/udp_peer.ts";
import { isInstalled, testWhere } from "../../setup/where.ts";

const PORT = 862;

/** What Wireshark says about the packets between two ports, a line for each and a field a cell. */
async function dissect(
  packets: [from: number, to: number, data: Uint8Array][],
  fields: string[],
): Promise<string[][]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(
      file,
      captureOf(packets.map(([from, to, data]) => ({ from, to, data }))),
    );
    const { success, stdout, stderr } = await new Deno.Command("tshark", {
      args: [
        "-r",
        file,
        "-d",
        `udp.port==${PORT},twamp.test`,
        "-T",
        "fields",
        ...fields.flatMap((field) => ["-e", field]),
      ],
      env: { TZ: "UTC" },
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    return lines.map((line) => line.split("\t"));
  } finally {
    await Deno.remove(file);
  }
}

testWhere(
  isInstalled("tshark"),
  "tshark is not installed",
  "Wireshark reads our packets as we mean them, and warns of nothing",
  async () => {
    await using server = serveUdp({
      hostname: "127.0.0.1",
      port: 0,
      service: "stamp",
      stamp: { clockSynchronized: true },
    });
    using socket = new UdpSocket();
    const reflected = async (sent: Uint8Array) => {
      await socket.send(sent, server.addr.port);
      return await socket.receive();
    };
    const packet = {
      sequence: 41,
      timestamp: { seconds: 1_600_000_000, nanoseconds: 250_000_000 },
      errorEstimate: {
        synchronized: true,
        format: "NTP" as const,
        scale: 20,
        multiplier: 130,
      },
      ssid: 0x1234,
    };
    const base = encodeSenderPacket(packet);
    const padded = encodeSenderPacket({
      ...packet,
      sequence: 42,
      extensions: extraPadding(56),
    });
    const answers = [await reflected(base), await reflected(padded)];
    const rows = await dissect(
      [
        [40_000, PORT, base],
        [PORT, 40_000, answers[0]],
        [40_000, PORT, padded],
        [PORT, 40_000, answers[1]],
      ],
      [
        "_ws.malformed",
        "_ws.expert.message",
        "udp.length",
        "twamp.test.seq_number",
        "twamp.test.timestamp",
        "twamp.test.error_estimate.s",
        "twamp.test.error_estimate.z",
        "twamp.test.mbz1",
        "twamp.test.sender_seq_number",
        "twamp.test.sender_timestamp",
        "twamp.test.sender_error_estimate",
        "twamp.test.mbz2",
        "twamp.test.sender_ttl",
      ],
    );
    const sentAt = "Sep 13, 2020 12:26:40.250000000 UTC";
    const [first, second, third, fourth] = rows;
    assertEquals(
      rows.map(([malformed, expert]) => malformed + expert),
      ["", "", "", ""],
    );
    assertEquals(
      rows.map((row) => Number(row[2])),
      [52, 52, 108, 108],
    );
    // It shows two error estimates in each packet: the second of these is zero.
    assertEquals(first.slice(3, 8), ["41", sentAt, "1,0", "0,0", "4660"]);
    assertEquals([second, fourth].map((row) => row[3]), ["0", "1"]);
    assertEquals(third[3], "42");
    for (const [answer, number] of [[second, "41"], [fourth, "42"]] as const) {
      assertEquals(answer.slice(5), [
        "1,1",
        "0,0",
        "4660",
        number,
        sentAt,
        // S, and a scale of 20, and a multiplier of 130.
        String(0x9482),
        "0",
        "255",
      ]);
      // When it left, in this year and not another era.
      const year = String(new Date().getUTCFullYear());
      assertEquals(answer[4].slice(8, 12), year);
    }
  },
);
