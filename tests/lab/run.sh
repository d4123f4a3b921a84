#!/usr/bin/env bash
# Makes the lab's captures: a small plant of real programs, each in its own network namespace.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: run.sh [--seconds N] [--out DIR] [SCENARIO...]
       run.sh --list

Starts the plant, captures what passes its bridge, plays the scenarios and stops by itself.

  --seconds N  length of the undisturbed phase before the scenarios (default 34)
  --out DIR    where plant.pcap, normal.pcap, inventory.yaml, expected.json and truth.jsonl go
               (default: captures beside this script)
  --list       names of the scenarios
  -h, --help   this text

Needs root, for the namespaces. Nothing leaves them: they have no route to anything else.
EOF
}

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$lab/captures
seconds=34
list=false
scenarios=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    --list) list=true; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) scenarios+=("$1"); shift ;;
  esac
done
if ! [[ $seconds =~ ^[0-9]+$ ]] || [ "$seconds" -lt 15 ]; then
  echo "run.sh: --seconds takes a whole number, 15 or more" >&2
  exit 2
fi

install_missing() {
  local packages=()
  command -v node >/dev/null || packages+=(nodejs npm)
  command -v mosquitto >/dev/null || packages+=(mosquitto)
  command -v tcpdump >/dev/null || packages+=(tcpdump)
  command -v ip >/dev/null || packages+=(iproute2)
  command -v ethtool >/dev/null || packages+=(ethtool)
  command -v openssl >/dev/null || packages+=(openssl)
  if [ ${#packages[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
  fi
  if [ ! -d "$lab/node_modules" ] || [ "$lab/package-lock.json" -nt "$lab/node_modules" ]; then
    (cd "$lab" && npm ci --no-audit --no-fund && touch node_modules)
  fi
}

prefix=twlab$$
work=
conductor=

# Ends every process in the lab's own namespaces, then the namespaces with all their interfaces.
clean_up() {
  trap - EXIT INT TERM HUP
  local name pid
  [ -z "$conductor" ] || kill "$conductor" 2>/dev/null || true
  for name in $(ip netns list 2>/dev/null | awk -v p="$prefix-" 'index($1, p) == 1 {print $1}'); do
    for pid in $(ip netns pids "$name"); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns delete "$name" || true
  done
  [ -z "$work" ] || rm -rf "$work"
}

# No checksum or segmentation offload: the capture shows frames as they would be on a wire.
offloads_off() { # NAMESPACE INTERFACE
  ip netns exec "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off >/dev/null 2>&1
}

make_namespace() { # NAME
  ip netns add "$prefix-$1"
  # No IPv6: its neighbour and router discovery would only be noise.
  # shellcheck disable=SC2016 # expanded by the inner shell
  ip netns exec "$prefix-$1" sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e "$f" ] || echo 1 >"$f"; done'
  ip -n "$prefix-$1" link set lo up
}

make_network() {
  local name ip mac what
  make_namespace hub
  ip -n "$prefix-hub" link add br0 address 02:77:00:00:00:01 type bridge stp_state 0 mcast_snooping 0
  offloads_off "$prefix-hub" br0
  ip -n "$prefix-hub" link set br0 up
  # shellcheck disable=SC2034 # the last column is for readers of the table
  while IFS=$'\t' read -r name ip mac what; do
    make_namespace "$name"
    ip -n "$prefix-$name" link add eth0 address "$mac" type veth peer name "$name" netns "$prefix-hub"
    ip -n "$prefix-$name" address add "$ip/24" dev eth0
    offloads_off "$prefix-$name" eth0
    offloads_off "$prefix-hub" "$name"
    ip -n "$prefix-hub" link set "$name" master br0 up
    ip -n "$prefix-$name" link set eth0 up
  done < <(grep -v '^#' "$lab/hosts.tsv")
}

install_missing
if $list; then
  exec node "$lab/conductor.mjs" --list
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "run.sh: needs root, for the network namespaces" >&2
  exit 1
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$out"
work=$(mktemp -d)
make_network
node "$lab/conductor.mjs" --prefix "$prefix" --work "$work" --out "$out" --seconds "$seconds" \
  ${scenarios[@]+"${scenarios[@]}"} &
conductor=$!
wait "$conductor"
conductor=
ls -l "$out" >&2
