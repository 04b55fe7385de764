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
import { contentKey, type PackedFile } from "./packed_file.ts";
import { RUN_BUNDLE, type UnixTarget } from "./target.ts";

/**
 * Builds the file.
 *
 * @param name The role.
 * @param target The system.
 * @param program Its program.
 * @param deno Deno.
 */
export function linuxLauncher(
  name: string,
  target: UnixTarget,
  program: PackedFile,
  deno: PackedFile,
): Blob {
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
  program: PackedFile,
  deno: PackedFile,
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
program=$folder/${name}-${contentKey(program)}.js
deno=$folder/deno-${contentKey(deno)}
# $1 of $2 bytes has the checksum $3. A mark beside it says when that was so last: it
# takes longer than the rest of a start, so only what was written to since is read.
intact() {
  [ -f "$1" ] && [ "$(wc -c < "$1")" -eq "$2" ] || return
  [ -f "$1.checked" ] && ! [ "$1" -nt "$1.checked" ] && return
  [ "$(cksum < "$1")" = "$3" ] || return
  true 2>/dev/null > "$1.checked" || :
}
# Whether a program runs that was started with the file $1.
in_use() {
  for process in /proc/[0-9]*/cmdline; do
    line=
    read -r line < "$process" || :
    case $line in *"$1"*) return 0 ;; esac
  done 2>/dev/null
  [ ! -d /proc/self ]
}
# Removes the other versions of $1, named alike, that nobody runs, and what starts
# that were ended have left.
remove_others() {
  for other in "$folder"/*.part; do
    pid=\${other%.part}
    kill -0 "\${pid##*.}" 2>/dev/null || rm -f "$other"
  done
  for other in "\${1%-*}"-????????????????$2; do
    [ -f "$other" ] && [ "$other" != "$1" ] && ! in_use "$other" &&
      rm -f "$other" "$other.checked"
  done
}
# Written aside, then renamed: another start at the same time sees all or nothing.
unpack() {
  intact "$1" "$4" "$5" && return
  mkdir -p "$folder" 2>/dev/null ||
    fail "cannot make the folder $folder: set XDG_CACHE_HOME to a folder that can be written"
  part=$1.$$.part
  trap 'rm -f "$part"' EXIT
  trap 'exit 130' INT TERM
  { tail -c +"$2" "$0" | head -c "$3" | gzip -dc > "$part"; } 2>/dev/null ||
    fail "cannot unpack into $folder: it cannot be written, the disk is full, or this file is damaged"
  sync "$part" 2>/dev/null
  [ "$(cksum < "$part")" = "$5" ] || fail "this file is damaged: copy it anew"
  chmod 755 "$part" && mv -f "$part" "$1" && true > "$1.checked" || fail "cannot write into $folder"
  trap - EXIT INT TERM
  remove_others "$1" "$6"
}
unpack "$program" ${programStart} ${program.compressed.length} ${program.size} "${program.checksum}" .js
unpack "$deno" ${denoStart} ${deno.compressed.length} ${deno.size} "${deno.checksum}" ""
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
