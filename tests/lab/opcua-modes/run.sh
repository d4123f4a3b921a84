#!/usr/bin/env bash
# Records one OPC UA session once for each security mode and policy, with a key log for each that is
# encrypted: captures/opcua-modes/. Two programs in two network namespaces that lead nowhere else.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: run.sh [--out DIR] [CASE...]

  --out DIR   where CASE.pcap and CASE.keys go (default: ../captures/opcua-modes)
  CASE        a name from the first column of cases.tsv (default: all)
  -h, --help  this text

Needs root, for the namespaces, and the packages that ../run.sh installs.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../captures/opcua-modes
wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) wanted+=("$1"); shift ;;
  esac
done

server_ns=twmodes$$-s client_ns=twmodes$$-c
work=$(mktemp -d)
server='' sniffer=''

end() { # PID [SIGNAL]
  [ -n "$1" ] || return 0
  kill "-${2:-TERM}" "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

clean_up() {
  trap - EXIT INT TERM
  end "$server"
  end "$sniffer"
  ip netns delete "$server_ns" 2>/dev/null || true
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

ip netns add "$server_ns"
ip netns add "$client_ns"
for ns in "$server_ns" "$client_ns"; do
  # shellcheck disable=SC2016 # expanded by the inner shell
  ip netns exec "$ns" sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e "$f" ] || echo 1 >"$f"; done'
  ip -n "$ns" link set lo up
done
ip -n "$server_ns" link add eth0 type veth peer name eth0 netns "$client_ns"
make_host "$server_ns" 192.168.78.10 02:78:00:00:00:10
make_host "$client_ns" 192.168.78.51 02:78:00:00:00:51

export MODES_PKI=$work/pki
listens() { ip netns exec "$server_ns" ss -ltn | grep -q ':4840 '; }

record() { # CASE POLICY MODE
  local i
  ip netns exec "$server_ns" node "$here/server.mjs" >"$work/server.log" 2>&1 &
  server=$!
  for i in $(seq 120); do listens && break; sleep 0.5; done
  listens || { cat "$work/server.log" >&2; exit 1; }
  ip netns exec "$server_ns" tcpdump -i eth0 --immediate-mode -U -w "$work/$1.pcap" 'tcp port 4840' 2>/dev/null &
  sniffer=$!
  for i in $(seq 50); do [ -s "$work/$1.pcap" ] && break; sleep 0.1; done
  rm -f "$work/$1.keys"
  ip netns exec "$client_ns" node "$here/client.mjs" "$2" "$3" "$work/$1.keys" >"$work/client.log" 2>&1 ||
    { cat "$work/client.log" >&2; exit 1; }
  sleep 0.5
  end "$sniffer" INT
  end "$server"
  server='' sniffer=''
  mv "$work/$1.pcap" "$out/"
  [ ! -s "$work/$1.keys" ] || mv "$work/$1.keys" "$out/"
  ls -l "$out/$1".* >&2
}

mkdir -p "$out"
# Keys and certificates are made before anything is captured.
node "$here/server.mjs" --prepare >"$work/server.log" 2>&1 || { cat "$work/server.log" >&2; exit 1; }
while IFS=$'\t' read -r name policy mode; do
  [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $name "* ]] || continue
  record "$name" "$policy" "$mode" </dev/null
done < <(grep -v '^#' "$here/cases.tsv")
