#!/usr/bin/env bash
# Records an exchange of MCP over MQTT: captures/mcp/. A broker, a server and a client in three network
# namespaces that lead nowhere else.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: run.sh [--out DIR]

  --out DIR   where exchange.pcap and truth.jsonl go (default: ../captures/mcp)
  -h, --help  this text

Needs root, for the namespaces, and the packages that ../run.sh installs.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../captures/mcp
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

broker_ns=twmcp$$-b server_ns=twmcp$$-s client_ns=twmcp$$-c
work=$(mktemp -d)
broker='' server='' sniffer=''

end() { # PID [SIGNAL]
  [ -n "$1" ] || return 0
  kill "-${2:-TERM}" "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

clean_up() {
  trap - EXIT INT TERM
  end "$server"
  end "$sniffer"
  end "$broker"
  for ns in "$broker_ns" "$server_ns" "$client_ns"; do ip netns delete "$ns" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

plain() { # NAMESPACE INTERFACE: frames are as they would be on a wire
  ip netns exec "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off >/dev/null 2>&1 || true
}

add_host() { # NAMESPACE PORT ADDRESS MAC
  ip -n "$broker_ns" link add "$2" type veth peer name eth0 netns "$1"
  ip -n "$broker_ns" link set "$2" master br0 up
  ip -n "$1" link set eth0 address "$4"
  ip -n "$1" address add "$3/24" dev eth0
  plain "$broker_ns" "$2"
  plain "$1" eth0
  ip -n "$1" link set eth0 up
}

for ns in "$broker_ns" "$server_ns" "$client_ns"; do
  ip netns add "$ns"
  # shellcheck disable=SC2016 # expanded by the inner shell
  ip netns exec "$ns" sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e "$f" ] || echo 1 >"$f"; done'
  ip -n "$ns" link set lo up
done
ip -n "$broker_ns" link add br0 address 02:79:00:00:00:20 type bridge
ip -n "$broker_ns" address add 192.168.79.20/24 dev br0
plain "$broker_ns" br0
ip -n "$broker_ns" link set br0 up
add_host "$server_ns" server 192.168.79.61 02:79:00:00:00:61
add_host "$client_ns" client 192.168.79.51 02:79:00:00:00:51

wait_for() { # WHAT COMMAND...
  local i
  for i in $(seq 120); do "${@:2}" && return 0; sleep 0.25; done
  echo "run.sh: $1 does not start" >&2
  cat "$work"/*.log >&2
  exit 1
}

printf 'listener 1883 0.0.0.0\nallow_anonymous true\npersistence false\n' >"$work/mosquitto.conf"
ip netns exec "$broker_ns" mosquitto -c "$work/mosquitto.conf" >"$work/broker.log" 2>&1 &
broker=$!
listens() { ip netns exec "$broker_ns" ss -ltn | grep -q ':1883 '; }
wait_for mosquitto listens
ip netns exec "$broker_ns" tcpdump -i br0 --immediate-mode -U -w "$work/exchange.pcap" 'tcp port 1883' 2>/dev/null &
sniffer=$!
wait_for tcpdump test -s "$work/exchange.pcap"
ip netns exec "$server_ns" node "$here/server.mjs" "$work/truth.jsonl" >"$work/server.log" 2>&1 &
server=$!
wait_for "the server" grep -q ready "$work/server.log"
ip netns exec "$client_ns" node "$here/client.mjs" "$work/truth.jsonl" >"$work/client.log" 2>&1 ||
  { cat "$work/client.log" >&2; exit 1; }
end "$server"
server=
sleep 0.5
end "$sniffer" INT
sniffer=
mkdir -p "$out"
install -m 644 "$work/exchange.pcap" "$work/truth.jsonl" "$out/"
ls -l "$out" >&2
