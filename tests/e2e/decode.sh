#!/usr/bin/env bash
# decode against what the lab's programs say they did, and against the form that is promised.
. "$(dirname "$0")/lib.sh"

exits 0 "the plant is decoded" "$TIERWATCH" decode "$plant"
cp "$work/out" "$work/plant.jsonl"
like "$(cat "$work/err")" '[0-9]+ packets, [0-9]+ actions' "words for people go to standard error"
tap python3 "$e2e/decode_truth.py" "$work/plant.jsonl" "$captures/truth.jsonl"
tap python3 "$e2e/decode_form.py" "$work/plant.jsonl"

exits 0 "a filter is applied" "$TIERWATCH" decode -q -F 'tcp port 4840' "$plant"
is "$(jq -r 'select(.src.port != 4840 and .dst.port != 4840)' "$work/out")" "" "only what passes the filter is decoded"
is "$(cat "$work/err")" "" "-q says nothing"
exits 0 "an empty result is no failure" "$TIERWATCH" decode -q -F 'tcp port 1' "$plant"
is "$(wc -c <"$work/out")" 0 "nothing is printed then"
exits 2 "a filter that is no BPF is a usage error" "$TIERWATCH" decode -q -F 'tcp prt 1' "$plant"
exits 2 "decode wants a capture" "$TIERWATCH" decode
is "$("$TIERWATCH" decode -q "$plant" | head -n 1)" "$(head -n 1 "$work/plant.jsonl")" \
    "a reader that leaves early is no trouble"
finish
