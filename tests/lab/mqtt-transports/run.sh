#!/usr/bin/env bash
# Records one MQTT session once for each transport, with a key log for each that is encrypted:
# captures/mqtt-transports/. Broker and client stand in two network namespaces that lead nowhere else.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: run.sh [--out DIR] [CASE...]

  --out DIR   where CASE.pcap and CASE.keys go (default: ../captures/mqtt-transports)
  CASE        a name from the first column of cases.tsv (default: all)
  -h, --help  this text

Needs root, for the namespaces, and the packages that ../run.sh installs.
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../captures/mqtt-transports
wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) wanted+=("$1"); shift ;;
  esac
done

server_ns=twmqtt$$-s client_ns=twmqtt$$-c
work=$(mktemp -d)
broker='' bridge='' sniffer=''

end() { # PID [SIGNAL]
  [ -n "$1" ] || return 0
  kill "-${2:-TERM}" "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

clean_up() {
  trap - EXIT INT TERM
  end "$broker"
  end "$bridge"
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
make_host "$server_ns" 192.168.79.10 02:79:00:00:00:10
make_host "$client_ns" 192.168.79.51 02:79:00:00:00:51

mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$work"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=lab CA" -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=broker.example" -keyout broker.key -out broker.csr 2>/dev/null
openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out broker.pem 2>/dev/null
chmod 644 broker.key
cat >mosquitto.conf <<TEXT
allow_anonymous true
persistence false
user root
listener 1883
listener 9001
protocol websockets
socket_domain ipv4
listener 8883
certfile $work/broker.pem
keyfile $work/broker.key
ciphers ALL:@SECLEVEL=1
listener 9003
protocol websockets
socket_domain ipv4
certfile $work/broker.pem
keyfile $work/broker.key
TEXT

listens() { ip netns exec "$server_ns" ss -ltn | grep -q ":$1 "; }
wait_for() { # PORT LOG
  local i
  for i in $(seq 100); do listens "$1" && return; sleep 0.1; done
  cat "$2" >&2
  exit 1
}

record() { # CASE URL [VERSION CIPHERS]
  local i name=$1 url=$2 port keylog=()
  shift 2
  port=${url##*:} port=${port%%/*}
  [ $# -eq 0 ] || { keylog=("--tls-keylog=$work/$name.keys"); set -- "$@" "$work/ca.pem"; }
  # A broker of its own, with nothing retained by an earlier case.
  ip netns exec "$server_ns" mosquitto -c mosquitto.conf >broker.log 2>&1 &
  broker=$!
  wait_for 8883 broker.log
  ip netns exec "$server_ns" tcpdump -i eth0 --immediate-mode -U -w "$work/$name.pcap" "tcp port $port" 2>/dev/null &
  sniffer=$!
  for i in $(seq 50); do [ -s "$work/$name.pcap" ] && break; sleep 0.1; done
  ip netns exec "$client_ns" node "${keylog[@]}" "$here/client.mjs" "$url" "$@" >client.log 2>&1 ||
    { cat client.log >&2; exit 1; }
  sleep 0.5
  end "$sniffer" INT
  end "$broker"
  broker='' sniffer=''
  mv "$work/$name.pcap" "$out/"
  [ ! -s "$work/$name.keys" ] || mv "$work/$name.keys" "$out/"
  ls -l "$out/$name".* >&2
}

ip netns exec "$server_ns" node "$here/bridge.mjs" 9002 1883 >bridge.log 2>&1 &
bridge=$!
wait_for 9002 bridge.log
while IFS=$'\t' read -r name url version ciphers; do
  [ ${#wanted[@]} -eq 0 ] || [[ " ${wanted[*]} " == *" $name "* ]] || continue
  # shellcheck disable=SC2086 # absent where there is no TLS
  record "$name" "$url" $version $ciphers </dev/null
done < <(grep -v '^#' "$here/cases.tsv")
