/**
 * One self-extracting file for Linux or macOS: a shell script, then the compressed
 * program, then compressed Deno. The script has only what a POSIX shell and its
 * utilities have on both.
 *
 * Deno replaces the shell (`exec`), so that the process that was started is the
 * role itself and receives the signals.
 *
 * @module
 */
import { ROLE_ENVIRONMENT } from "../entry_module.ts";
import { RUN_BUNDLE, type UnixTarget } from "./target.ts";

/** A file inside the file: its compressed bytes, and how to recognize it. */
interface Part {
  compressed: Uint8Array<ArrayBuffer>;
  size: number;
  hash: string;
  checksum: string;
}

/** Bytes at each end of an unpacked file that every start verifies. */
const PROBE = 65_536;

/**
 * Builds the file.
 *
 * @param name The role.
 * @param target The system.
 * @param bundle Its program's bytes.
 * @param runtime Deno's bytes.
 */
export async function linuxLauncher(
  name: string,
  target: UnixTarget,
  bundle: Uint8Array<ArrayBuffer>,
  runtime: Uint8Array<ArrayBuffer>,
): Promise<Blob> {
  const [program, deno] = await Promise.all([
    makePart(bundle),
    makePart(runtime),
  ]);
  // The header contains its own length, so that must have a fixed width.
  const width = 12;
  const render = (headerSize: number) =>
    header(
      name,
      target,
      program,
      deno,
      String(headerSize + 1).padEnd(width),
      String(headerSize + program.compressed.length + 1).padEnd(width),
    );
  const size = new TextEncoder().encode(render(0)).length;
  return new Blob([render(size), program.compressed, deno.compressed]);
}

async function makePart(data: Uint8Array<ArrayBuffer>): Promise<Part> {
  const zipped = new Blob([data]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  const ends = new Uint8Array([
    ...data.subarray(0, PROBE),
    ...data.subarray(-PROBE),
  ]);
  return {
    compressed: new Uint8Array(await new Response(zipped).arrayBuffer()),
    size: data.length,
    hash: digest.toHex().slice(0, 16),
    checksum: posixChecksum(ends),
  };
}

/** What the POSIX utility `cksum` prints for bytes on its standard input. */
export function posixChecksum(data: Uint8Array): string {
  let crc = 0;
  const add = (byte: number) => {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    }
  };
  data.forEach(add);
  for (
    let length = data.length;
    length > 0;
    length = Math.floor(length / 256)
  ) add(length & 0xff);
  return `${~crc >>> 0} ${data.length}`;
}

/** Variables for the program, as the shell sets them. */
function exported(variables: Record<string, string>): string {
  return [
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    `export ${Object.keys(variables).join(" ")}`,
  ].join("\n");
}

function header(
  name: string,
  { label, uname, cache }: UnixTarget,
  program: Part,
  deno: Part,
  programStart: string,
  denoStart: string,
): string {
  return `#!/bin/sh
# ${name}, for ${label}: this script, the program and Deno in one file.
# It unpacks both once, into the user's cache folder, and becomes the program.
fail() {
  echo "${name}: $1" >&2
  exit 126
}
system=$(uname -sm)
[ "$system" = "${uname}" ] || fail "this file is for ${label} (${uname}), and this system is $system: take the file for it"
cache=\${XDG_CACHE_HOME:-\${HOME:+$HOME/${cache}}}
[ -n "$cache" ] || fail "no home directory to unpack into: set XDG_CACHE_HOME to a folder that can be written"
folder=$cache/echosounder
program=$folder/${name}-${program.hash}.js
deno=$folder/deno-${deno.hash}
# Size and both ends: a file that is cut off or was never written differs there.
intact() {
  [ -f "$1" ] && [ "$(wc -c < "$1")" -eq "$2" ] &&
    [ "$({ head -c ${PROBE} "$1"; tail -c ${PROBE} "$1"; } | cksum)" = "$3" ]
}
# Written aside, then renamed: another start at the same time sees all or nothing.
unpack() {
  intact "$1" "$4" "$5" && return
  mkdir -p "$folder" 2>/dev/null ||
    fail "cannot make the folder $folder: set XDG_CACHE_HOME to a folder that can be written"
  part=$1.$$
  trap 'rm -f "$part"' EXIT
  trap 'exit 130' INT TERM
  { tail -c +"$2" "$0" | head -c "$3" | gzip -dc > "$part"; } 2>/dev/null ||
    fail "cannot unpack into $folder: it cannot be written, the disk is full, or this file is damaged"
  sync "$part" 2>/dev/null
  intact "$part" "$4" "$5" || fail "this file is damaged: copy it anew"
  chmod 755 "$part" && mv -f "$part" "$1" || fail "cannot write into $folder"
  trap - EXIT INT TERM
}
unpack "$program" ${programStart} ${program.compressed.length} ${program.size} "${program.checksum}"
unpack "$deno" ${denoStart} ${deno.compressed.length} ${deno.size} "${deno.checksum}"
${
    exported({
      DENO_DIR: "$folder/deno",
      DENO_NO_UPDATE_CHECK: "1",
      ...ROLE_ENVIRONMENT,
    })
  }
exec "$deno" ${RUN_BUNDLE.join(" ")} "$program" "$@"
`;
}
