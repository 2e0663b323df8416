#!/usr/bin/env bash
# Process 1 of the test engine: a dockerd in network, mount and pid namespaces of its own. Its bridges, firewall rules and
# mounts can't meet those of another engine on this machine (a second dockerd beside one flushes the first one's firewall
# chains), and when this process ends the kernel ends everything in here and frees all of it.
#
# Usage: isolated-engine.sh <run folder> <log file> <dockerd and its arguments …>
set -u
run=$1 log=$2
shift 2

# dockerd would join the system's containerd if it found its socket, and keeps sockets of its own in /run/docker.
for folder in /run/docker /run/containerd; do
  mkdir -p "$folder" && mount -t tmpfs -o mode=711 tmpfs "$folder"
done

# Nothing outside can be reached. The engine itself learns that at once (nobody listens on its resolver's port), so a pull
# fails without delay. Containers ask 192.0.2.53 (reserved for documentation) through a link that swallows every packet: the
# network on which one unanswered name lookup takes tens of seconds.
if [ -e /etc/resolv.conf ]; then
  echo 'nameserver 127.0.0.1' >"$run/resolv.conf"
  mount --bind "$run/resolv.conf" /etc/resolv.conf
fi
ip=ip
command -v ip >/dev/null || ip='busybox ip'
$ip link set lo up
$ip link add outside0 type veth && $ip link set veth0 up && $ip link set outside0 arp off &&
  $ip addr add 10.212.0.1/30 dev outside0 && $ip link set outside0 up && $ip route add default dev outside0

# Kept for tests that kill the engine and start it again.
printf '#!/bin/sh\nrm -f %q\nexec %s >>%q 2>&1\n' "$run/docker.pid" "$(printf '%q ' "$@")" "$log" >"$run/start-dockerd"
chmod 700 "$run/start-dockerd"
"$run/start-dockerd" &

# dockerd may end and be started again; this process stays. Bash reaps the orphans that fall to process 1 meanwhile.
while :; do
  sleep 3600 &
  wait $!
done
