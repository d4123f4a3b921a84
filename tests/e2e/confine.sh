#!/usr/bin/env bash
# Least privilege: what a running gateway has given up, and that it asks for nothing outside its list.
. "$(dirname "$0")/lib.sh"

if [ "${TIERWATCH_NETNS:-}" != yes ]; then
    for tool in strace tcpreplay setpriv ip unshare; do
        command -v $tool >/dev/null || skip "$tool is not installed"
    done
    unshare -n true 2>/dev/null || skip "no right to make a network namespace"
    strace -f -o "$work/probe" true 2>/dev/null || skip "no right to trace"
    rm -rf "$work" # nobody else will
    TIERWATCH_NETNS=yes exec unshare -n "$e2e/confine.sh"
fi
pair() { # A B: a veth pair, up and quiet
    ip link add "$1" type veth peer name "$2" || return 1
    for side in "$1" "$2"; do
        sysctl -qw "net.ipv6.conf.$side.disable_ipv6=1" 2>/dev/null
        ip link set "$side" up
    done
}
ip link set lo up
pair tw0 tw1 || skip "no veth pair"

# By somebody who may do nothing but open a capture, from a place where anybody may look.
mkdir "$work/open" "$work/state"
cp -rL "$TIERWATCH" "$rules" "$work/open"
cp "$inventory" "$work/open/inventory.yaml"
chmod -R a+rX "$work/open"
chmod a+x "$work"
chown 65534:65534 "$work/state"
web=$(free_port)
program=$work/open/$(basename "$TIERWATCH")
cat >"$work/open/gw.yaml" <<YAML
site: small
interfaces: [tw1]
inventory: inventory.yaml
rules: [$(basename "$rules")]
workers: 2
ledger: {dir: ../state/ledger, segment_mb: 1}
control: {socket: ../state/socket}
log: {file: ../state/log}
metrics: {listen: "127.0.0.1:$web", textfile: ../state/tierwatch.prom}
YAML
chmod a+r "$work/open/gw.yaml"
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw)
ctl() { "$program" ctl "$@" --socket "$work/state/socket"; }
sees() { ctl counters --json | jq -e ".capture.packets > $1"; }

"${as_nobody[@]}" "$program" run -c "$work/open/gw.yaml" >"$work/alerts" 2>"$work/err" &
gateway=$!
pids+=("$gateway")
wait_for 10 sees -1
is $? 0 "it captures with CAP_NET_RAW and nothing else"
status() { cat "/proc/$gateway/task/"*/status | awk -v key="$1:" '$1 == key {print $2}' | sort | uniq -c | awk '{print $1 "x" $2}' | xargs; }
threads=6 # it reads, keeps, works twice, analyses, serves
all_there() { [ "$(ls "/proc/$gateway/task" | wc -l)" -eq $threads ]; }
wait_for 10 all_there
is "$(status CapEff)" "$((threads - 1))x0000000000000000 1x0000000000002000" "one thread keeps CAP_NET_RAW, the others have nothing"
is "$(status CapPrm)" "$((threads - 1))x0000000000000000 1x0000000000002000" "nor can they take it"
is "$(status CapAmb)" "${threads}x0000000000000000" "nothing is handed down"
is "$(status NoNewPrivs)" "${threads}x1" "no new privileges"
case $TIERWATCH in
*/asan/* | */tsan/*) echo "ok - instrumented builds are not filtered # SKIP" >&3 ;;
*) is "$(status Seccomp)" "${threads}x2" "every thread is filtered" ;;
esac
like "$(cat "/proc/$gateway/limits")" 'Max core file size +0 +0' "no core dumps"
is "$(stat -c %U "/proc/$gateway/environ")" root "nobody may look into its memory"
tcpreplay -q -i tw0 --multiplier 50 "$plant" >/dev/null 2>&1
wait_for 10 sees 7000
is $? 0 "it sees everything"
exits 0 "it reloads" ctl reload
ip link del tw0
wait_for 10 grep -q 'tw1 is gone' "$work/state/log"
pair tw0 tw1
wait_for 10 grep -q 'tw1 is back' "$work/state/log"
is $? 0 "and may open an interface that comes back"
exits 0 "it stops when it is told" ctl shutdown
wait "$gateway"
is $? 0 "in good order"
[ "$(wc -l <"$work/alerts")" -ge 10 ]
is $? 0 "there were alerts"
[[ $TIERWATCH != */asan/* && $TIERWATCH != */tsan/* ]] || finish

# All of a gateway's life again, traced: a broker that goes away and comes back, a new inventory, rules with a regular
# expression, rules that are broken, a log that is full, an interface that comes back, more workers.
rotated() { find "$work/state" -name 'log.*' | wc -l; }
logs() { cat "$work"/state/log*; }
logged() { # TEXT N: so often, in all of them
    [ "$(logs | grep -c "$1")" -ge "$2" ]
}
port=$(free_port)
start_broker "$port" "allow_anonymous true"
rm -rf "$work/state"
mkdir "$work/state"
strace -f -qq -o "$work/trace" "$program" run -c "$work/open/gw.yaml" --set broker.host=localhost --set broker.port="$port" \
    --set log.rotate_mb=1 >/dev/null 2>"$work/err" &
tracer=$!
pids+=("$tracer")
wait_for 20 sees -1
is $? 0 "traced: it starts"
wait_for 10 grep -q 'connected to the broker' "$work/state/log"
# The other capture begins with this one: what is sent again is recognised.
tcpreplay -q -i tw0 --multiplier 20 "$normal" >/dev/null 2>&1
wait_for 20 sees 2400
is $? 0 "traced: it sees everything"
is "$(rotated)" 0 "traced: the log was not put aside yet"
head -c 1100000 /dev/zero | tr '\0' 'x' >>"$work/state/log"
stop "$broker_pid"
wait_for 10 grep -q 'can not be used' "$work/state/log"
echo '# edited' >>"$work/open/inventory.yaml"
exits 0 "traced: it reloads" ctl reload
mine=$work/open/$(basename "$rules")/zz.yaml
cat >"$mine" <<'YAML'
required_engine: ">=1.0"
rules:
  - {id: ZZ-1, name: n, rev: 1, evidence: W, severity: 1, when: "action = publish and object matches '^(?:[a-z]+/)+[a-z]+$'", output: o}
YAML
exits 0 "traced: it reloads rules with a regular expression" ctl reload --json
is "$(jq -c '[.ok, .other_rules]' "$work/out")" "[true,true]" "traced: which are in force"
echo '  - {id: ZZ-2, when: (}' >>"$mine"
exits 4 "traced: it refuses rules that are broken" ctl reload
sed -i '$d' "$mine"
chmod a+r "$mine"
tcpreplay -q -i tw0 --multiplier 50 "$plant" >/dev/null 2>&1
kept() { cat "$work"/state/ledger/*.jsonl | jq -es 'any(.rule.id == "ZZ-1")'; }
wait_for 20 kept
is $? 0 "traced: the expression is matched"
exits 0 "traced: it is well" ctl status
check "traced: it is measured" curl -sf "http://127.0.0.1:$web/metrics"
check "traced: also in a file" test -s "$work/state/tierwatch.prom"
start_broker "$port" "allow_anonymous true"
wait_for 40 logged 'connected to the broker' 2
is $? 0 "traced: the broker is found again"
pkill -HUP -P "$tracer"
wait_for 10 logged 'reloaded:' 3
is $? 0 "traced: a signal reloads, too"
ip link del tw0
wait_for 10 logged 'tw1 is gone' 1
pair tw0 tw1
wait_for 10 logged 'tw1 is back' 1
is $? 0 "traced: the interface is opened again"
is "$(rotated)" 1 "traced: the log that was full is put aside"
exits 0 "traced: it stops" ctl shutdown
wait "$tracer"
is $? 0 "traced: in good order"
tap python3 "$e2e/confine_trace.py" "$work/trace" gateway/confine/syscalls.c
"$program" run -c "$work/open/gw.yaml" --set confine.syscalls=off >/dev/null 2>"$work/err" &
gateway=$!
pids+=("$gateway")
wait_for 10 sees -1
is "$(status Seccomp)" "$(ls "/proc/$gateway/task" | wc -l)x0" "the filter can be left out"
stop "$gateway" INT
finish
