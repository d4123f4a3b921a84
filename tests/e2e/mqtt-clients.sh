#!/usr/bin/env bash
# Real clients on a real broker, in MQTT 3.1, 3.1.1 and 5: paho (python3-paho-mqtt), and mqtt.js where
# tests/lab has it installed (or MQTT_JS names the folder with its node_modules). Everything that they
# noted must be seen once, exactly.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || skip "capturing needs root"
command -v tcpdump >/dev/null || skip "no tcpdump"
# Debian's own Python has Debian's packages.
for python in python3 /usr/bin/python3 none; do
    ! "$python" -c 'import paho.mqtt.client' 2>/dev/null || break
done
[ "$python" != none ] || skip "no paho: apt install python3-paho-mqtt"

port=$(free_port)
start_broker "$port" "allow_anonymous true" "max_inflight_messages 20"
tcpdump -i lo -n -U -s 0 -B 16384 -w "$work/clients.pcap" "tcp port $port" 2>"$work/tcpdump" &
tcpdump_pid=$!
pids+=("$tcpdump_pid")
wait_for 10 grep -q 'listening on' "$work/tcpdump" || fail "tcpdump starts" "$(cat "$work/tcpdump")"

notes=("$work/paho")
check "paho does its part" sh -c "$python '$e2e/mqtt_clients.py' paho $port >'$work/paho'"
modules=${MQTT_JS:-tests/lab}
if command -v node >/dev/null && [ -d "$modules/node_modules/mqtt" ]; then
    notes+=("$work/js")
    check "mqtt.js does its part" sh -c "node '$e2e/mqtt_clients.mjs' '$modules' $port >'$work/js'"
else
    pass "mqtt.js # SKIP it is not installed in tests/lab"
fi
sleep 1
stop "$tcpdump_pid"
unlike "$(cat "$work/tcpdump")" '[1-9][0-9]* packets dropped by kernel' "the capture is whole"
"$TIERWATCH" decode -q "$work/clients.pcap" >"$work/events"
tap python3 "$e2e/mqtt_clients.py" check "$work/events" "${notes[@]}"
finish
