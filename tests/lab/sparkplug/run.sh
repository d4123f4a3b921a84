#!/usr/bin/env bash
# Records births, data, commands and deaths of Sparkplug B between mqtt.js clients through mosquitto:
# captures/sparkplug/. Two network namespaces that lead nowhere else.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: run.sh [--out DIR]

  --out DIR   where plant.pcap and truth.jsonl go (default: ../captures/sparkplug)
  -h, --help  this text

Needs root, for the namespaces, and the packages that ../run.sh installs.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../captures/sparkplug
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

broker_ns=twspb$$-b client_ns=twspb$$-c
work=$(mktemp -d)
broker='' sniffer=''

end() { # PID [SIGNAL]
  [ -n "$1" ] || return 0
  kill "-${2:-TERM}" "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

clean_up() {
  trap - EXIT INT TERM
  end "$broker"
  end "$sniffer"
  ip netns delete "$broker_ns" 2>/dev/null || true
  ip netns delete "$client_ns" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

make_host() { # NAMESPACE ADDRESS MAC
  ip -n "$1" address add "$2/24" dev eth0
  ip -n "$1" link set eth0 address "$3"
  # No checksum or segmentation offload: frames are as they would be on a wire.
  ip netns exec "$1" ethtool -K eth0 rx off tx off sg off tso off gso off gro off >/dev/null 2>&1
  ip -n "$1" link set eth0 up
}

ip netns add "$broker_ns"
ip netns add "$client_ns"
for ns in "$broker_ns" "$client_ns"; do
  # shellcheck disable=SC2016 # expanded by the inner shell
  ip netns exec "$ns" sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e "$f" ] || echo 1 >"$f"; done'
  ip -n "$ns" link set lo up
done
ip -n "$broker_ns" link add eth0 type veth peer name eth0 netns "$client_ns"
make_host "$broker_ns" 192.168.79.20 02:79:00:00:00:20
make_host "$client_ns" 192.168.79.61 02:79:00:00:00:61

printf 'listener 1883 192.168.79.20\nallow_anonymous true\npersistence false\n' >"$work/mosquitto.conf"
ip netns exec "$broker_ns" mosquitto -c "$work/mosquitto.conf" >"$work/broker.log" 2>&1 &
broker=$!
for _ in $(seq 50); do
  ip netns exec "$broker_ns" ss -ltn | grep -q ':1883 ' && break
  sleep 0.1
done
ip netns exec "$broker_ns" tcpdump -i eth0 --immediate-mode -U -w "$work/plant.pcap" 'tcp port 1883' 2>/dev/null &
sniffer=$!
for _ in $(seq 50); do [ -s "$work/plant.pcap" ] && break; sleep 0.1; done
ip netns exec "$client_ns" node "$here/play.mjs" mqtt://192.168.79.20 "$work/truth.jsonl" >"$work/play.log" 2>&1 ||
  { cat "$work/play.log" "$work/broker.log" >&2; exit 1; }
sleep 0.5
end "$sniffer" INT
sniffer=''
mkdir -p "$out"
mv "$work/plant.pcap" "$work/truth.jsonl" "$out/"
cat "$work/play.log" >&2
ls -l "$out" >&2
