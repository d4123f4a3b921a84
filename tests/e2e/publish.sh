#!/usr/bin/env bash
# The shared broker: what is published, where, and that nothing is lost on the way.
. "$(dirname "$0")/lib.sh"

command -v mosquitto_sub >/dev/null || skip "mosquitto-clients is not installed"
port=$(free_port)
seen=$work/seen

subscribe() { # FILE: every message as "topic<TAB>retained<TAB>qos<TAB>payload"
    : >"$1"
    mosquitto_sub -h 127.0.0.1 -p "$port" -V 5 -q 1 -F '%t\t%r\t%q\t%p' -t 'tierwatch/#' -t 'tierwatch-replay/#' >"$1" 2>/dev/null &
    subscriber=$!
    pids+=("$subscriber")
    # It listens once a probe of ours arrives.
    wait_for 10 sh -c "mosquitto_pub -h 127.0.0.1 -p $port -t tierwatch/probe -m x; grep -q tierwatch/probe '$1'"
}
unsubscribe() {
    sleep 0.5
    stop "$subscriber"
    sed -i '/^tierwatch\/probe/d' "$seen"
}
topics() { cut -f1 "$seen"; }
payloads() { grep -P "$1" "$seen" | cut -f4; }
# An alert's topic says what its payload says.
astray() { # ROOT
    grep -P "^$1/" "$seen" | grep -P '/alert/' | while IFS=$'\t' read -r topic _ _ payload; do
        want=$(jq -r --arg root "$1" '[$root, "alert", .severity, .tier // "none", .rule.id] | join("/")' <<<"$payload")
        [ "$topic" = "$want" ] || echo "$topic is not $want"
    done
}

# A replay.
start_broker "$port" 'allow_anonymous true'
subscribe "$seen"
exits 0 "a replay publishes" replay --publish --set broker.host=127.0.0.1 --set "broker.port=$port" "$plant"
unsubscribe
is "$(topics | grep -v '^tierwatch-replay/1/lindholt/gw-1/' | head -n 1)" "" "under its own root only"
is "$(payloads '/alert/' | jq -c 'del(.boot, .seq)' | sort | sha256sum)" "$(jq -c . "$work/out" | sort | sha256sum)" \
    "every alert that it lists, and nothing else"
is "$(payloads '/alert/' | jq -s 'map(.seq) | sort == [range(1; length + 1)]')" true "numbered without a gap"
is "$(payloads '/alert/' | jq -rs 'map(.boot) | unique | length')" 1 "with one boot"
is "$(astray tierwatch-replay/1/lindholt/gw-1)" "" "topics say severity, tier and rule"
is "$(grep -P '/alert/' "$seen" | cut -f2,3 | sort -u)" $'0\t1' "QoS 1, not retained"

# A gateway. It plays a stretch of the plant in which a stranger comes in.
python3 "$e2e/capture_tools.py" slice "$plant" "$work/slice.pcap" 34 44
cat >"$work/gateway.yaml" <<YAML
site: Plant A/1
gateway: gw+7
inventory: $inventory
rules: [$rules]
ledger: {dir: $work/ledger}
broker: {host: 127.0.0.1, port: $port}
YAML
root=tierwatch/1/Plant_A_1/gw_7
exits 0 "everything is in order" "$TIERWATCH" run -c "$work/gateway.yaml" --test --play "$work/slice.pcap"
subscribe "$seen"
"$TIERWATCH" run -c "$work/gateway.yaml" --play "$work/slice.pcap" >"$work/run.out" 2>"$work/run.err" &
gateway=$!
pids+=("$gateway")
wait_for 5 grep -q "^$root/state" "$seen"
like "$(payloads "^$root/state" | head -n 1 | jq -c '[.state, .site, .gateway, (.boot | length > 0), (.ruleset | startswith("sha256:")), (.inventory | startswith("sha256:")), .dropped]')" \
    '^\["online","Plant A/1","gw\+7",true,true,true,0\]$' "it says that it is online, and with what"
wait "$gateway"
is $? 0 "at the end of what it plays it leaves"
unsubscribe
is "$(topics | grep -v "^$root/" | head -n 1)" "" "topic levels hold letters, digits, _ and -"
is "$(astray "$root")" "" "topics of alerts say severity, tier and rule"
[ "$(payloads '/alert/' | wc -l)" -ge 6 ]
is $? 0 "alerts are published"
is "$(payloads '/alert/' | jq -s 'map(.seq) | sort == [range(1; length + 1)]')" true "without a gap"
is "$(payloads '/alert/' | jq -c . | sort | sha256sum)" \
    "$("$TIERWATCH" ledger tail "$work/ledger" | jq -c 'del(.prev)' | sort | sha256sum)" "and are those of the ledger"
exits 0 "whose chain holds" "$TIERWATCH" ledger verify "$work/ledger"
is "$(payloads "^$root/risk/pumper" | tail -n 1 | jq -c '[.ai_system, .tier, (.score > 0), (.reasons | length > 0)]')" \
    '["pumper","T3",true,true]' "an AI system's risk is published"
is "$(topics | grep -c "^$root/discovered/192_168_77_99")" "$(topics | grep -c "^$root/alert/.*/IDN-01")" \
    "and what is not registered"
is "$(payloads "^$root/state" | tail -n 1 | jq -r .state)" offline "at last it says that it is offline"

# What is retained is there for whoever comes later.
mosquitto_sub -h 127.0.0.1 -p "$port" -F '%t\t%r\t%q\t%p' -t '#' -W 2 >"$seen" 2>/dev/null
is "$(cut -f1 "$seen" | grep -vE "^$root/(state|stats|risk/(pumper|forecaster)|discovered/192_168_77_99)$")" "" \
    "state, stats, risk and discoveries are retained, alerts are not"
is "$(cut -f1 "$seen" | sort | uniq -d)" "" "one each"
is "$(payloads "^$root/stats" | jq -c '[(.received > 100), (.alerts > 3), .dropped]')" '[true,true,0]' "stats count"

# Killed: the broker tells.
subscribe "$seen"
"$TIERWATCH" run -c "$work/gateway.yaml" --play "$work/slice.pcap" 2>/dev/null &
gateway=$!
pids+=("$gateway")
wait_for 5 sh -c "tail -n 1 '$seen' | grep -q online"
kill -9 "$gateway"
wait "$gateway" 2>/dev/null
wait_for 5 sh -c "grep '^$root/state' '$seen' | tail -n 1 | grep -q offline"
is "$(payloads "^$root/state" | tail -n 1 | jq -r .state)" offline "killed, its last will says that it is offline"
unsubscribe

# A broker that refuses, that is not there, and that comes back.
stop "$broker_pid"
start_broker "$port" 'allow_anonymous false'
exits 1 "a broker that refuses fails the test" "$TIERWATCH" run -c "$work/gateway.yaml" --test --play "$work/slice.pcap"
like "$(cat "$work/err")" "127.0.0.1:$port|[Nn]ot [Aa]uthori" "with its words"
python3 "$e2e/capture_tools.py" slice "$plant" "$work/longer.pcap" 34 64
"$TIERWATCH" run -c "$work/gateway.yaml" --play "$work/longer.pcap" >/dev/null 2>"$work/run.err" &
gateway=$!
pids+=("$gateway")
sleep 3
stop "$broker_pid"
exits 1 "a broker that is away fails it too" "$TIERWATCH" run -c "$work/gateway.yaml" --test --play "$work/slice.pcap"
wait_for 5 sh -c "[ \$(cat '$work'/ledger/*.jsonl 2>/dev/null | wc -l) -gt 0 ]"
sleep 2
kill -0 "$gateway"
is $? 0 "the gateway goes on without a broker"
start_broker "$port" 'allow_anonymous true'
subscribe "$seen"
wait_for 15 grep -q '/alert/' "$seen"
is $? 0 "and delivers once there is one"
stop "$gateway" INT
is $? 0 "it leaves orderly on Ctrl-C"
unsubscribe
"$TIERWATCH" ledger tail "$work/ledger" | jq -c 'del(.prev)' >"$work/all"
last=$(tail -n 1 "$work/all" | jq -r .boot)
is "$(payloads '/alert/' | jq -c --arg boot "$last" 'select(.boot == $boot)' | sort -u | sha256sum)" \
    "$(jq -c --arg boot "$last" 'select(.boot == $boot)' "$work/all" | sort | sha256sum)" \
    "nothing of what happened meanwhile is lost"
exits 0 "the ledger of all starts holds" "$TIERWATCH" ledger verify "$work/ledger"

# A replay without a broker.
stop "$broker_pid"
finish
