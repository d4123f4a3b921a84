#!/usr/bin/env bash
# Sparkplug B of mqtt.js and sparkplug-payload through mosquitto: every message and metric that the programs
# sent is there once, by name, with its type and value, and nothing else. tests/lab/sparkplug makes the capture.
. "$(dirname "$0")/lib.sh"
lab=$captures/sparkplug

decode() { "$TIERWATCH" decode -q "$@"; }
count() { jq -c "select($1)" "$work/events" | wc -l; }

decode "$lab/plant.pcap" >"$work/events"
decode --threads 4 "$lab/plant.pcap" >"$work/threads"
same "$work/events" "$work/threads" "whatever the number of workers"

python3 "$e2e/sparkplug_form.py" <"$work/events" >"$work/seen"
same "$lab/truth.jsonl" "$work/seen" "every message with its metrics, and nothing else"

is "$(count '.action == "malformed"')" 0 "nothing is malformed"
is "$(count '.sparkplug.missing == 2 and .field == null')" 1 "two messages are missing before one"
is "$(count '.sparkplug.missing != null and .sparkplug.missing != 2')" 0 "and none before others"
is "$(count '.sparkplug.rebirth and .field == null')" 1 "one rebirth"
is "$(count '.sparkplug.rebirth_unasked')" 0 "which was asked for"
is "$(count '.sparkplug.undeclared')" 1 "a metric that was never declared"
is "$(count '.sparkplug.unknown_alias')" 1 "an alias that nothing has"
is "$(count '.sparkplug.type_differs or .sparkplug.before_birth or .sparkplug.birth_unseen
    or .sparkplug.other_publisher or .sparkplug.bd_seq_differs or .sparkplug.device_unborn
    or .sparkplug.wrong_qos or .sparkplug.wrong_retain or .sparkplug.state_will_differs')" 0 "nothing else is remarked"
is "$(count '.action == "deliver" and .sparkplug.type == "NDEATH" and .field == "bdSeq" and .value == 0')" 1 \
    "the will of the lost connection"
is "$(count '.sparkplug.type == "DCMD" and .sparkplug.sender_host == "Control" and .field == "Setpoint"')" 1 \
    "the command comes from the host"
is "$(count '.sparkplug.type == "NBIRTH" and .sparkplug.primary_host == "Control" and .field == null')" 3 \
    "which the edge node waits for"

finish
