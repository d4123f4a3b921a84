#!/usr/bin/env bash
# Live equals replay: what comes in on an interface gives the alerts that a recording of it gives.
. "$(dirname "$0")/lib.sh"

if [ "${TIERWATCH_NETNS:-}" != yes ]; then
    for tool in tcpreplay tcpdump ip unshare; do
        command -v $tool >/dev/null || skip "$tool is not installed"
    done
    unshare -n true 2>/dev/null || skip "no right to make a network namespace"
    rm -rf "$work" # nobody else will
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

# Two interfaces, a filter, a ring of its own; then one of them goes away and comes back.
ip link add tw2 type veth peer name tw3
for side in tw2 tw3; do
    sysctl -qw net.ipv6.conf.$side.disable_ipv6=1 2>/dev/null
    ip link set $side up
done
ctl() { "$TIERWATCH" ctl "$@" --socket "$work/socket"; }
sees() { ctl counters --json | jq -e ".capture.packets $1"; }
# Of this side, as it counts itself.
sent() { ip -s -j link show tw0 | jq '.[0].stats64.tx.packets'; }
linked() { [ "$(links)" = "$1" ]; }
links() { ctl status --json | jq -c '[.healthy, (.interfaces[] | [.name, .up])]'; }
"$TIERWATCH" run -i tw1 -i tw3 --inventory "$inventory" --rules "$rules" -F 'tcp port 1883 or tcp port 4840' \
    --set ring_mb=8 --set control.socket="$work/socket" >"$work/gone.alerts" 2>"$work/gone.err" &
watch=$!
pids+=("$watch")
wait_for 10 test -S "$work/socket"
read -r one two <<<"$(python3 "$e2e/capture_tools.py" halves "$plant" "$work/one.pcap" "$work/two.pcap" && echo "$work/one.pcap $work/two.pcap")"
wanted() { tcpdump -r "$1" --count 'tcp port 1883 or tcp port 4840' 2>/dev/null | grep -o '^[0-9]*'; }
tcpreplay -q -i tw0 --multiplier 50 "$one" >/dev/null 2>&1
wait_for 10 sees "== $(wanted "$one")"
is $? 0 "what passes the filter on the one interface is seen"
tcpreplay -q -i tw2 --multiplier 50 "$two" >/dev/null 2>&1
wait_for 10 sees "== $(($(wanted "$one") + $(wanted "$two")))"
is $? 0 "and on the other"
is "$(links)" '[true,["tw1",true],["tw3",true]]' "both are there"
ip link del tw2
wait_for 10 grep -q 'tw3 is gone' "$work/gone.err"
is $? 0 "an interface that goes away is named"
wait_for 10 linked '[false,["tw1",true],["tw3",false]]'
is $? 0 "and the gateway says that it is not well"
tcpreplay -q -i tw0 --multiplier 50 "$two" >/dev/null 2>&1
wait_for 10 sees "== $(($(wanted "$one") + 2 * $(wanted "$two")))"
is $? 0 "the other one is watched on"
ip link del tw0
wait_for 10 grep -q 'tw1 is gone' "$work/gone.err"
before=$(awk '{print $14 + $15}' "/proc/$watch/stat")
sleep 1
after=$(awk '{print $14 + $15}' "/proc/$watch/stat")
is "$((after - before < 20))" 1 "waiting for interfaces costs nothing"
for pair in 'tw0 tw1' 'tw2 tw3'; do
    read -r a b <<<"$pair"
    ip link add "$a" type veth peer name "$b"
    for side in $a $b; do
        sysctl -qw net.ipv6.conf."$side".disable_ipv6=1 2>/dev/null
        ip link set "$side" up
    done
done
wait_for 10 grep -q 'tw1 is back' "$work/gone.err" && wait_for 10 grep -q 'tw3 is back' "$work/gone.err"
is $? 0 "interfaces that come back are named"
wait_for 10 linked '[true,["tw1",true],["tw3",true]]'
is $? 0 "all is well again"
tcpreplay -q -i tw2 --multiplier 50 "$one" >/dev/null 2>&1
wait_for 10 sees "== $((2 * ($(wanted "$one") + $(wanted "$two"))))"
is $? 0 "and watched"
# Down is not gone.
ip link set tw1 down
sleep 1.5
ip link set tw1 up
before=$(awk '{print $14 + $15}' "/proc/$watch/stat")
sleep 1
after=$(awk '{print $14 + $15}' "/proc/$watch/stat")
is "$((after - before < 20))" 1 "an interface that is down for a while costs nothing"
sleep 1.5
tcpreplay -q -i tw0 --multiplier 50 "$one" >/dev/null 2>&1
wait_for 10 sees "== $((3 * $(wanted "$one") + 2 * $(wanted "$two")))"
is $? 0 "and is watched when it is up again"
stop "$watch" INT
is $? 0 "in the end it leaves orderly"

# A ring too small for what comes at once while the program can not look: all of it is accounted for, and is an alert
# like others; beside it a gateway whose plant does not mind.
port=$(free_port)
start_broker "$port" "allow_anonymous true"
mosquitto_sub -h 127.0.0.1 -p "$port" -V 5 -q 1 -t 'tierwatch/1/+/gw-1/alert/+/none/GW-02' -F '%t %p' >"$work/told" 2>/dev/null &
pids+=($!)
lossy=(run -i tw1 --inventory "$inventory" --rules "$rules" --set ring_mb=1)
"$TIERWATCH" "${lossy[@]}" --set control.socket="$work/socket" --set ledger.dir="$work/ledger" \
    --set broker.host=127.0.0.1 --set broker.port="$port" 2>"$work/loss.err" &
watch=$!
"$TIERWATCH" "${lossy[@]}" --set control.socket="$work/calm.socket" --set loss_percent=100 >"$work/calm" 2>"$work/calm.err" &
calm=$!
pids+=("$watch" "$calm")
wait_for 10 test -S "$work/socket" && wait_for 10 test -S "$work/calm.socket"
wait_for 10 grep -q 'connected to the broker' "$work/loss.err"
sleep 0.3
before=$(sent)
kill -STOP "$watch" "$calm"
for _ in 1 2 3; do tcpreplay -q -i tw0 --topspeed "$plant" >/dev/null 2>&1; done
kill -CONT "$watch" "$calm"
all=$(($(sent) - before))
# Its exit status says whether all is well, which is another question.
accounted() { (ctl status --json || true) | jq -e ".received + .dropped == $all and .dropped > 0 and .received > 0"; }
wait_for 10 accounted
is $? 0 "received and dropped are what was sent"
wait_for 20 grep -Eq '[0-9]+ of [0-9]+ packets were lost' "$work/loss.err"
is $? 0 "losses are told"
exits 1 "and status says so" ctl status --json
is "$(jq '.dropped_percent > 0.1 and (.problems | length == 1)' "$work/out")" true "as a share of what came in"
percent=$(jq .dropped_percent "$work/out")
wait_for 10 grep -q GW-02 "$work/told"
is $? 0 "an alert is published"
read -r topic alert <<<"$(head -n 1 "$work/told")"
is "$(jq -c '[.rule.id, .family, .actor.id, .tier, .observed, .expected, .count]' <<<"$alert")" \
    "[\"GW-02\",\"GW\",\"gw-1\",null,$percent,{\"max_percent\":0.1},1]" "and says how much, of how much"
like "$topic" "/alert/$(jq -r .severity <<<"$alert")/none/GW-02$" "under its severity"
is "$(jq -r .summary <<<"$alert" | grep -o '[0-9]* of [0-9]* packets')" \
    "$(grep -o '[0-9]* of [0-9]* packets' "$work/loss.err" | head -n 1)" "in the same figures as the log"
exits 0 "without a limit nothing is wrong" "$TIERWATCH" ctl status --json --socket "$work/calm.socket"
is "$(jq ".dropped > 0" "$work/out") $(grep -c GW-02 "$work/calm")" "true 0" "and nothing is told, however much is lost"
stop "$calm" INT
stop "$watch" INT
is $? 0 "it leaves orderly"
is "$("$TIERWATCH" ledger tail "$work/ledger" | jq -r 'select(.rule.id == "GW-02") | [.id, .seq] | @tsv' | head -n 1)" \
    "$(jq -r '[.id, .seq] | @tsv' <<<"$alert")" "the alert is in the ledger"
exits 0 "which holds" "$TIERWATCH" ledger verify "$work/ledger"
finish
