#!/usr/bin/env bash
# Live equals replay: what comes in on an interface gives the alerts that a recording of it gives.
. "$(dirname "$0")/lib.sh"

if [ "${TIERWATCH_NETNS:-}" != yes ]; then
    for tool in tcpreplay tcpdump ip unshare; do
        command -v $tool >/dev/null || skip "$tool is not installed"
    done
    unshare -n true 2>/dev/null || skip "no right to make a network namespace"
    TIERWATCH_NETNS=yes exec unshare -n "$e2e/live.sh"
fi
ip link set lo up
ip link add tw0 type veth peer name tw1 2>/dev/null || skip "no veth pair"
for side in tw0 tw1; do
    sysctl -qw net.ipv6.conf.$side.disable_ipv6=1 2>/dev/null
    ip link set $side up
done

# Without what may differ: of this start, of the file, and counted from its first packet.
comparable() {
    jq -c 'del(.boot, .seq, .prev, .evidence.capture, .evidence.sha256, .evidence.packets)' "$1"
}

run_live() { # NAME CAPTURE MULTIPLIER [OPTION]...
    local name=$1 capture=$2 multiplier=$3
    shift 3
    "$TIERWATCH" run -i tw1 --inventory "$inventory" --rules "$rules" --ledger "$work/$name.ledger" "$@" \
        >"$work/$name.alerts" 2>"$work/$name.err" &
    local watch=$!
    tcpdump -q -i tw1 -s 0 -B 65536 -U -w "$work/$name.pcap" 2>"$work/$name.tcpdump" &
    local dump=$!
    pids+=("$watch" "$dump")
    wait_for 10 grep -q 'watching' "$work/$name.err"
    wait_for 10 grep -q 'listening on' "$work/$name.tcpdump"
    sleep 0.3
    tcpreplay -q -i tw0 --multiplier "$multiplier" "$capture" >"$work/$name.tcpreplay" 2>&1
    is $? 0 "$name: the packets are sent"
    # Soon enough that no clock moves on behind the last packet.
    sleep 1.2
    stop "$watch" INT
    is $? 0 "$name: it leaves orderly on Ctrl-C"
    stop "$dump" INT
    like "$(cat "$work/$name.err")" 'stopped: [0-9]+ packets, 0 dropped' "$name: nothing was dropped"
    like "$(cat "$work/$name.tcpdump")" '0 packets dropped by kernel' "$name: nor by tcpdump"
}

hold() { # NAME
    replay "$work/$1.pcap" >"$work/$1.replayed"
    comparable "$work/$1.alerts" >"$work/$1.live"
    comparable "$work/$1.replayed" >"$work/$1.want"
    [ "$(wc -l <"$work/$1.want")" -ge 10 ]
    is $? 0 "$1: there are alerts"
    same "$work/$1.want" "$work/$1.live" "$1: live gives the alerts of the recording"
    exits 0 "$1: the ledger holds" "$TIERWATCH" ledger verify "$work/$1.ledger"
    is "$("$TIERWATCH" ledger tail "$work/$1.ledger" | jq -c 'del(.boot, .seq, .prev)' | sha256sum)" \
        "$(jq -c . "$work/$1.alerts" | sha256sum)" "$1: and is what was printed"
}

run_live fast "$plant" 10
hold fast
run_live threads "$plant" 20 --threads 2
hold threads

# The checkout may stand where nobody else may look, such as root's home.
mkdir "$work/open"
cp -rL "$TIERWATCH" "$rules" "$work/open"
chmod -R a+rX "$work/open"
chmod a+x "$work"
exits 5 "no right to capture" setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \
    "$work/open/tierwatch" run -i tw1 --rules "$work/open/$(basename "$rules")"
exits 0 "an interface that is there passes the test" "$TIERWATCH" run -i tw1 --rules "$rules" --test

# An interface that goes away is a failure, and the alerts so far are kept.
"$TIERWATCH" run -i tw1 --rules "$rules" >/dev/null 2>"$work/gone.err" &
watch=$!
pids+=("$watch")
wait_for 10 grep -q 'watching' "$work/gone.err"
sleep 0.3
ip link del tw0
wait "$watch"
is $? 1 "an interface that goes away is a failure"
like "$(tail -n 1 "$work/gone.err")" 'tw1' "and is named"
finish
