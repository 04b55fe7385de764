#!/bin/sh
# A Linux host's part in a mesh, in the folder in which this file is:
#
#   host.sh serve SECONDS SERVER [OPTION]...
#       starts a server, and returns once it listens
#   host.sh measure SECONDS CLIENT [OPTION]...
#       measures for so long at most; its lines are added to results.jsonl
#   host.sh stop
#       ends everything that runs from here
#
# Where nobody calls `measure` for the SECONDS of `serve`, the host stops by itself
# and removes the folder: the controller may have been switched off.
set -eu
cd "$(dirname "$0")"
folder=$(pwd -P)
# A self-extracting file unpacks itself here.
export XDG_CACHE_HOME="$folder/cache" NO_COLOR=1

# Everything that runs from here, by its number.
running() {
  ls -l /proc/[0-9]*/cwd 2>/dev/null | awk -v folder="$folder" '
    substr($0, index($0, " -> ") + 4) == folder { split($0, part, "/"); print part[3] }'
}

end_all() {
  # This shell is not one of them.
  cd /
  for signal in TERM KILL; do
    # shellcheck disable=SC2046 # one word for each
    kill -s $signal $(running) 2>/dev/null || true
    tries=50
    while [ $tries -gt 0 ] && [ -n "$(running)" ]; do
      sleep 0.1
      tries=$((tries - 1))
    done
  done
}

# Waits for the server's end, or until nobody has called for so long.
watch() {
  patience=$1
  server=$2
  trap 'exit' TERM INT HUP
  trap '[ -e stopping ] || { end_all; rm -rf "$folder"; }' EXIT
  left=$patience
  while [ "$left" -gt 0 ] && kill -0 "$server" 2>/dev/null; do
    sleep 1 &
    wait $! || true
    left=$((left - 1))
    if [ -e called ]; then
      rm -f called
      left=$patience
    fi
  done
}

command=$1
shift
case $command in
serve)
  seconds=$1
  program=$2
  shift 2
  # What another time has left.
  end_all
  cd "$folder"
  rm -f stopping called results.jsonl
  # Files that unpack themselves do so now, and not when a round begins.
  for file in ./*-client ./*-server; do
    "$file" --version >/dev/null
  done
  nohup "./$program" "$@" >server.jsonl 2>server.txt </dev/null &
  server=$!
  tries=100
  until grep -q '"event":"listening"' server.jsonl; do
    if [ $tries -eq 0 ] || ! kill -0 $server 2>/dev/null; then
      cat server.txt >&2
      kill $server 2>/dev/null || true
      exit 1
    fi
    sleep 0.1
    tries=$((tries - 1))
  done
  nohup "./host.sh" watch "$seconds" "$server" >/dev/null 2>&1 </dev/null &
  ;;
watch) watch "$@" ;;
measure)
  seconds=$1
  program=$2
  shift 2
  touch called
  exec timeout -k 5 "$seconds" "./$program" "$@" >>results.jsonl
  ;;
stop)
  touch stopping
  end_all
  ;;
esac
