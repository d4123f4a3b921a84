#!/usr/bin/env bash
# A gateway while it runs: asked, reloaded, told to stop; what a service manager hears of it.
# TIERWATCH_RELOADS (30): so many reloads under traffic, every third of a broken rule set.
. "$(dirname "$0")/lib.sh"
reloads=${TIERWATCH_RELOADS:-30}

cp -r "$rules" "$work/rules"
cp "$inventory" "$work/inventory.yaml"
cat >"$work/gw.yaml" <<YAML
site: ctl
inventory: inventory.yaml
rules: [rules]
indicators: shared.json
ledger: {dir: ledger}
control: {socket: socket}
YAML
echo '{"type":"bundle","id":"bundle--1"}' >"$work/shared.json"
ctl() { "$TIERWATCH" ctl "$@" -c "$work/gw.yaml"; }

exits 1 "nobody answers yet" ctl status
like "$(cat "$work/err")" "no answer from a gateway at $work/socket: none listens there" "says where it asked"

# What systemd would hear.
python3 - "$work/notify" "$work/heard" 3>&- <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
with open(sys.argv[2], 'w') as out:
    while True:
        out.write(s.recv(4096).decode().replace('\n', ' ') + '\n')
        out.flush()
PY
pids+=($!)
wait_for 10 test -S "$work/notify"

start() { # CAPTURE [OPTION]...
    local capture=$1
    shift
    NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=2000000 "$TIERWATCH" run -c "$work/gw.yaml" --play "$capture" "$@" \
        >"$work/alerts" 2>"$work/run.err" &
    gateway=$!
    pids+=("$gateway")
    wait_for 10 test -S "$work/socket" || fail "it starts" "$(cat "$work/run.err")"
}

start "$normal" --threads 2
wait_for 10 grep -q READY "$work/heard"
is "$(head -n 1 "$work/heard")" "READY=1 STATUS=watching" "a service manager hears that it is ready"
is "$(stat -c %a "$work/socket")" 660 "the socket is for owner and group"
exits 0 "its status" ctl status --json
is "$(jq -c '[.ok, .state, .site, .gateway, .healthy, .problems, .ruleset, .rules]' "$work/out")" \
    "$(printf '[true,"watching","ctl","gw-1",true,[],"%s",%s]' \
        "$(jq -r .ruleset "$work/out")" "$("$TIERWATCH" rules list "$rules" --json | jq length)")" "as data"
exits 0 "for people" ctl status
like "$(cat "$work/out")" "state +watching" "a line each"
wait_for 10 sh -c "'$TIERWATCH' ctl counters --json --socket '$work/socket' | jq -e '.capture.packets > 50 and .flows.seen > 0 and .actions.all > 0'"
is $? 0 "counters count"
wait_for 5 grep -q WATCHDOG=1 "$work/heard"
is $? 0 "the watchdog hears that packets and ledger move on"
printf 'no JSON\n{"command":"fly"}\n{"command":"status"}\n' | python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
sys.stdout.buffer.write(b"".join(iter(lambda: s.recv(4096), b"")))' "$work/socket" >"$work/raw"
is "$(jq -c .ok "$work/raw" | tr '\n' ' ')" "false false true " "any client, one line for a line"
exits 1 "a second gateway does not take the place of the first" "$TIERWATCH" run -c "$work/gw.yaml" --play "$normal" \
    --set "ledger.dir=null"
like "$(cat "$work/err")" 'no control socket at .*: another gateway answers there' "says why"

# Reloads: new rules, a mistake, a new inventory, other indicators.
ruleset=$(ctl status --json | jq -r .ruleset)
exits 0 "a reload of the same" ctl reload --json
is "$(jq -c '[.ok, .ruleset, .other_rules, .other_inventory]' "$work/out")" "[true,\"$ruleset\",false,false]" "changes nothing"
rule='  - {id: ZZ-1, name: n, rev: 1, evidence: D, severity: 1, when: value > 1e9, output: o}'
echo "$rule" >>"$work/rules/cmd.yaml"
exits 0 "a reload of more rules" ctl reload --json
other=$(jq -r .ruleset "$work/out")
[ "$other" != "$ruleset" ]
is $? 0 "has another digest"
is "$(jq -c '[.other_rules, .other_inventory]' "$work/out")" "[true,false]" "which is said"
sed -i 's/value > 1e9/valeu > 1e9/' "$work/rules/cmd.yaml"
exits 4 "a broken rule set" ctl reload
like "$(cat "$work/err")" 'cmd.yaml:[0-9]+:[0-9]+: error: .*"valeu"' "every mistake is told where it was asked"
is "$(ctl status --json | jq -r .ruleset)" "$other" "and the old set stays"
sed -i 's/valeu/value/' "$work/rules/cmd.yaml"
sed -i 's/^site:.*/site: [oops/' "$work/inventory.yaml"
exits 3 "a broken inventory" ctl reload
cp "$inventory" "$work/inventory.yaml"
echo '# edited' >>"$work/inventory.yaml"
kill -HUP "$gateway"
wait_for 5 grep -q 'reloaded: .*sha256:'"$(sha256sum <"$work/inventory.yaml" | cut -d' ' -f1)" "$work/run.err"
is $? 0 "SIGHUP reloads, and the log has the digests"
like "$(cat "$work/heard")" 'RELOADING=1 MONOTONIC_USEC=[0-9]+' "a service manager hears of it"
printf '%s' '{"type":"indicator","id":"indicator--00000000-0000-4000-8000-000000000001","pattern_type":"stix",
 "valid_from":"2020-01-01T00:00:00Z","pattern":"[domain-name:value = '"'a.example'"']"}' >"$work/more.json"
exits 0 "indicators are taken over" "$TIERWATCH" indicators import -c "$work/gw.yaml" "$work/more.json"
exits 0 "a reload of other indicators" ctl reload --json
is "$(jq -c '[.n_indicators, .indicators, .other_rules, .other_inventory, .other_indicators]' "$work/out")" \
    "[1,\"sha256:$(sha256sum <"$work/shared.json" | cut -d' ' -f1)\",false,false,true]" "has their digest"
echo 'no bundle' >"$work/shared.json"
exits 3 "broken indicators" ctl reload
is "$(ctl status --json | jq -c .n_indicators)" 1 "and those before stay"
echo '{"type":"bundle","id":"bundle--1"}' >"$work/shared.json"
begin=$SECONDS
exits 0 "it is told to stop" ctl shutdown
is "$((SECONDS - begin < 5))" 1 "within five seconds"
check "and has, when ctl says so" test ! -e "$work/socket"
wait "$gateway"
is $? 0 "in good order"
is "$(grep -c 'STOPPING=1' "$work/heard")" 1 "a service manager hears that, too"

# Under traffic: nothing is missed, whatever the rule set says. A reload takes some tenths of a second.
cp -r "$rules/." "$work/rules/"
python3 "$e2e/capture_tools.py" chain "$plant" "$work/long.pcap" $((reloads / 30 + 1)) 1
python3 "$e2e/capture_tools.py" faster "$work/long.pcap" "$work/traffic.pcap" 4
"$TIERWATCH" replay -q -c "$work/gw.yaml" --alerts - --summary "$work/summary" "$work/traffic.pcap" >"$work/want"
rm -rf "$work/ledger"
start "$work/traffic.pcap"
good=0 bad=0 wrong=0
for i in $(seq "$reloads"); do
    case $((i % 3)) in
    0) sed "s/valu/vaul/" <<<"$rule" ;;
    1) echo "$rule" ;;
    2) echo "# nothing more" ;;
    esac | cat "$rules/cmd.yaml" - >"$work/rules/cmd.yaml"
    if ctl reload --json >"$work/out" 2>/dev/null; then
        good=$((good + 1))
        now=$(jq -r .ruleset "$work/out")
        [ $((i % 3)) -ne 0 ] || wrong=$((wrong + 1))
        case $((i % 3)) in
        1) : "${one:=$now}" && [ "$now" = "$one" ] || wrong=$((wrong + 1)) ;;
        2) : "${two:=$now}" && [ "$now" = "$two" ] || wrong=$((wrong + 1)) ;;
        esac
    else
        bad=$((bad + 1))
        [ "$(jq -r .ruleset "$work/out")" = "$now" ] || wrong=$((wrong + 1))
    fi
    kill -0 "$gateway" 2>/dev/null || break
done
is "$good $bad $wrong" "$((reloads - reloads / 3)) $((reloads / 3)) 0" "$reloads reloads under traffic: digests right, old set kept"
wait "$gateway"
is $? 0 "the capture is played to its end"
like "$(tail -n 1 "$work/run.err")" "stopped: $(jq .packets "$work/summary") packets" "every packet was looked at"
# What an alert says is the same, but for the rule set that it names and the id that is made of it.
plain() { jq -c 'del(.id, .ruleset, .boot, .seq, .prev, .count, .last_ts, .risk, .evidence) | select(.rule.id != "ZZ-1")' "$1" | sort -u; }
plain "$work/want" >"$work/want.plain"
plain "$work/alerts" >"$work/got.plain"
same "$work/want.plain" "$work/got.plain" "and every alert is there"
exits 0 "the ledger holds" "$TIERWATCH" ledger verify "$work/ledger"

# A broker that hangs does not hold up the end, and nothing is lost by it: the spool has what is left.
cp -r "$rules/." "$work/rules/"
port=$(free_port)
start_broker "$port" "allow_anonymous true"
rm -rf "$work/ledger"
start "$work/traffic.pcap" --set broker.host=127.0.0.1 --set broker.port="$port"
wait_for 10 grep -q 'connected to the broker' "$work/run.err"
kill -STOP "$broker_pid"
lines() { [ "$(cat "$work"/ledger/*.jsonl | wc -l)" -ge 10 ]; }
wait_for 20 lines
begin=$(date +%s%N)
stop "$gateway" TERM
is $? 0 "it stops in good order while the broker hangs"
took=$((($(date +%s%N) - begin) / 1000000))
if [ "$took" -lt 5000 ]; then pass "within five seconds"; else fail "within five seconds" "$took ms"; fi
kill -CONT "$broker_pid"
exits 0 "the ledger is whole" "$TIERWATCH" ledger verify "$work/ledger"
lines=$(cat "$work"/ledger/*.jsonl | wc -l)
mosquitto_sub -h 127.0.0.1 -p "$port" -V 5 -q 1 -c -i ctl-sub -t 'tierwatch/1/ctl/gw-1/alert/#' >"$work/received" 2>/dev/null &
pids+=($!)
sleep 0.5
start "$normal" --set broker.host=127.0.0.1 --set broker.port="$port"
arrived() { [ "$(jq -r '.boot + (.seq | tostring)' "$work/received" | sort -u | wc -l)" -gt 0 ]; }
wait_for 10 arrived
is $? 0 "what waited goes out at the next start"
exits 0 "and that stops" ctl shutdown
finish
