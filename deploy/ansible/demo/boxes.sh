#!/bin/sh
# Boxes on this machine, for a mesh: network namespaces, each with an sshd, on one
# bridge. On the way from the second to the third there is a narrow link, which
# loses and delays; the way back is good.
#
#   boxes.sh PID NAME...
#
# They last as long as the process PID. The first is 198.18.77.1, and so on.
set -eu
process=$1
shift
folder=/run/echosounder-demo
net=198.18.77
bridge=mesh-bridge

remove() {
  trap '' INT TERM HUP
  for name; do
    # shellcheck disable=SC2046 # one word for each
    kill $(ip netns pids "mesh-$name" 2>/dev/null) 2>/dev/null || true
  done
  for name; do
    tries=50
    while [ $tries -gt 0 ] && [ -n "$(ip netns pids "mesh-$name" 2>/dev/null)" ]; do
      sleep 0.1
      tries=$((tries - 1))
    done
    # shellcheck disable=SC2046 # one word for each
    kill -9 $(ip netns pids "mesh-$name" 2>/dev/null) 2>/dev/null || true
    ip netns delete "mesh-$name" 2>/dev/null || true
  done
  ip link delete $bridge 2>/dev/null || true
  rm -rf $folder
}

# There is one such set of boxes: another one may be about to end.
exec 9<"$0"
flock --wait 15 9 || {
  echo "the boxes of another demo are there" >&2
  exit 1
}
# What another time has left, if anything.
remove "$@"
trap 'remove "$@"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -m 700 $folder
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f $folder/key
ssh-keygen -q -t ed25519 -N '' -f $folder/host

ip link add $bridge type bridge
ip address add $net.254/24 dev $bridge
ip link set $bridge up
number=0
for name; do
  number=$((number + 1))
  box=mesh-$name
  ip netns add "$box"
  ip link add "mesh-$number" type veth peer name eth0 netns "$box"
  ip link set "mesh-$number" master $bridge up
  ip -n "$box" link set lo up
  ip -n "$box" address add $net.$number/24 dev eth0
  ip -n "$box" link set eth0 up
  printf '[%s]:2222 %s\n' $net.$number "$(cat $folder/host.pub)" >>$folder/known_hosts
  ip netns exec "$box" /usr/sbin/sshd -D -f /dev/null -p 2222 -h $folder/host \
    -o AuthorizedKeysFile=$folder/key.pub -o PasswordAuthentication=no \
    -o UsePAM=no -o StrictModes=no -o PidFile=none \
    -o "Subsystem=sftp internal-sftp" 9<&- &
done

if [ $# -ge 3 ]; then
  ip link add narrow netns "mesh-$2" type veth peer name narrow netns "mesh-$3"
  ip -n "mesh-$2" link set narrow up
  ip -n "mesh-$3" link set narrow up
  ip -n "mesh-$2" route add $net.3/32 dev narrow src $net.2
  # 100 packets of STAMP a second are 69 kbit/s, and none waits for 0.2 s.
  ip netns exec "mesh-$2" tc qdisc add dev narrow root tbf rate 40kbit burst 1600 limit 1000
fi

for number in $(seq $#); do
  until ssh-keyscan -p 2222 $net."$number" >/dev/null 2>&1; do
    kill -0 "$process"
    sleep 0.1
  done
done
echo "$process" >$folder/ready
while kill -0 "$process" 2>/dev/null; do
  sleep 1 9<&- &
  wait $!
done
