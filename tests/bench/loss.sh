#!/usr/bin/env bash
# How many packets a second a gateway takes before the kernel drops some. Two network namespaces joined by a
# veth pair: in one tcpreplay sends a capture faster and faster, in the other a gateway watches, as an ordinary
# user with CAP_NET_RAW and nothing else. README.md says how to read it.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
    cat <<'TEXT'
Usage: loss.sh [--capture FILE --inventory FILE] [--kind KIND] [--rates "PPS..."] [--ring MB] [--threads N] [--table]

  --capture FILE --inventory FILE   what to send, and whose it is; otherwise one that is made up
  --kind KIND     of that: mqtt, opcua or mixed (mqtt)
  --rates LIST    packets a second, one run each; `top` is as fast as it goes, `held` the same while
                  the gateway is stopped (20000 40000 60000 80000 100000 150000 200000 top)
  --ring MB       the kernel's buffer (64, as by default)
  --threads N     workers (1)
  --table         lines to read by a program: rate, packets a second, sent, received, dropped
TEXT
}

capture='' inventory='' kind=mqtt rates='20000 40000 60000 80000 100000 150000 200000 top' ring=64 threads=1 table=false
while [ $# -gt 0 ]; do
    case $1 in
    --capture) capture=${2?}; shift 2 ;;
    --inventory) inventory=${2?}; shift 2 ;;
    --kind) kind=${2:?}; shift 2 ;;
    --rates) rates=${2:?}; shift 2 ;;
    --ring) ring=${2:?}; shift 2 ;;
    --threads) threads=${2:?}; shift 2 ;;
    --table) table=true; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done
for tool in tcpreplay jq ip nsenter unshare setpriv; do
    command -v $tool >/dev/null || { echo "loss.sh: $tool is not installed" >&2; exit 1; }
done

if [ "${TIERWATCH_LOSS:-}" != inside ]; then
    TIERWATCH_LOSS=inside exec unshare -n "$0" --capture "$capture" --inventory "$inventory" --kind "$kind" \
        --rates "$rates" --ring "$ring" --threads "$threads" $([ $table = false ] || echo --table)
fi

# ---- what is sent

if [ -z "$capture" ]; then
    dir=build/bench
    mkdir -p $dir
    [ -x $dir/generate ] || "${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 -o $dir/generate tests/bench/{generate,wire,mqtt,opcua,other}.c
    capture=$dir/loss-$kind.pcap inventory=$dir/loss-$kind.yaml
    [ -s "$capture" ] || $dir/generate --kind "$kind" --mb 100 --inventory "$inventory" "$capture" >/dev/null
fi

# ---- two namespaces

work=$(mktemp -d)
watcher='' gateway=''
leave() {
    [ -z "$gateway" ] || kill "$gateway" 2>/dev/null || true
    [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
    rm -rf "$work"
}
trap leave EXIT
unshare -n sleep infinity &
watcher=$!
until [ "$(readlink /proc/$watcher/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add tw0 type veth peer name tw1
ip link set tw1 netns $watcher
there() { nsenter -t "$watcher" -n "$@"; }
# Nothing of the system's own on the wire: every packet is one that was sent.
for side in tw0 tw1; do
    here=()
    [ $side = tw0 ] || here=(there)
    ${here[@]+"${here[@]}"} sysctl -qw "net.ipv6.conf.$side.disable_ipv6=1"
    ${here[@]+"${here[@]}"} ip link set $side mtu 65535 up
done
there ip link set lo up

# ---- a gateway, from a place where anybody may look

mkdir "$work/state"
cp -L "${TIERWATCH:-build/tierwatch}" "$work/tierwatch"
cp -rL rules "$work/rules"
cp "$inventory" "$work/inventory.yaml"
chmod -R a+rX "$work"
chown 65534:65534 "$work/state"

start() {
    rm -f "$work/state/socket"
    nsenter -t "$watcher" -n setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+net_raw \
        --ambient-caps=-all,+net_raw --bounding-set=-all,+net_raw \
        "$work/tierwatch" run -i tw1 --inventory "$work/inventory.yaml" --rules "$work/rules" --threads "$threads" \
        --set ring_mb="$ring" --set control.socket="$work/state/socket" >"$work/state/alerts" 2>"$work/state/err" &
    gateway=$!
    until [ -S "$work/state/socket" ]; do
        kill -0 $gateway 2>/dev/null || { cat "$work/state/err" >&2; exit 1; }
        sleep 0.1
    done
    sleep 0.5
}

# Counted by the interface that sends, not by who was to send it.
sent() { ip -s -j link show tw0 | jq '.[0].stats64.tx.packets'; }
# Its exit status says whether all is well.
counted() { { "$work/tierwatch" ctl status --json --socket "$work/state/socket" || true; } | jq -r '[.received, .dropped] | @tsv'; }

run() { # RATE: packets a second by tcpreplay's clock, sent, received, dropped
    local rate=$1 how before all received dropped was='' reached
    case $rate in
    top | held) how=(--topspeed) ;;
    *) how=(--pps "$rate" --pps-multi $((rate / 10000 + 1))) ;;
    esac
    start
    before=$(sent)
    [ "$rate" != held ] || kill -STOP $gateway
    tcpreplay -q -K --no-flow-stats -i tw0 "${how[@]}" "$capture" >"$work/sender" 2>&1
    [ "$rate" != held ] || kill -CONT $gateway
    all=$(($(sent) - before))
    reached=$(sed -n 's/^Rated:.* \([0-9.]*\) pps$/\1/p' "$work/sender")
    # Until nothing more is counted.
    for _ in $(seq 60); do
        sleep 1
        read -r received dropped <<<"$(counted)"
        [ "$received $dropped" != "$was" ] || [ "$received" -eq 0 ] || break
        was="$received $dropped"
    done
    kill -INT $gateway
    wait $gateway || true
    gateway=''
    echo "$rate ${reached%.*} $all $received $dropped"
}

$table || printf '%-8s %12s %10s %10s %10s %9s\n' rate 'packets/s' sent received dropped '%'
for rate in $rates; do
    line=$(run "$rate")
    if $table; then
        echo "$line"
    else
        awk '{ printf "%-8s %12d %10d %10d %10d %9.3f%s\n", $1, $2, $3, $4, $5, 100 * $5 / ($3 > 0 ? $3 : 1),
            $3 == $4 + $5 ? "" : "  NOT ALL ACCOUNTED FOR" }' <<<"$line"
    fi
done
