#!/usr/bin/env bash
# A draft inventory from captures: what it says, that it holds for what it was learned from, and what another
# inventory lacks. `learn.sh --update` writes learn_expected.yaml anew, after the lab's captures were.
. "$(dirname "$0")/lib.sh"

body() { sed '/^#.*either side\.$/,$!d' "$1" | sed 1d; }
expected=$e2e/learn_expected.yaml

exits 0 "learn from undisturbed work" "$TIERWATCH" inventory learn -o "$work/draft.yaml" "$normal"
is "$(cat "$work/out")" "" "with -o nothing goes to standard output"
like "$(cat "$work/err")" "2494 packets: 3 AI systems, 8 assets, 47 variables" "what was found is said"
body "$work/draft.yaml" >"$work/body.yaml"
if [ "${1:-}" = --update ]; then cp "$work/body.yaml" "$expected"; fi
same "$work/body.yaml" "$expected" "the draft, line by line"
like "$(head -n 1 "$work/draft.yaml")" '^# Draft of an inventory, learned from ".*normal.pcap":$' "its head names the capture"

exits 0 "the draft is an inventory" "$TIERWATCH" inventory check "$work/draft.yaml"
is "$(cat "$work/err")" "" "without a warning"
"$TIERWATCH" replay -q --inventory "$work/draft.yaml" --rules "$rules" --alerts "$work/alerts.jsonl" "$normal"
is "$(jq -r '.rule.id' "$work/alerts.jsonl" | grep -cE '^(IDN-01|PRV-0[34])$')" 0 "nothing is unregistered or not granted"
is "$(jq -r 'select(.score >= 40) | .rule.id' "$work/alerts.jsonl")" "" "nothing of medium or above"

# What the scenarios do was not there when the draft was learned.
"$TIERWATCH" replay -q --inventory "$work/draft.yaml" --rules "$rules" --alerts "$work/alerts.jsonl" "$plant"
fired=$(jq -r '.rule.id' "$work/alerts.jsonl" | sort -u | tr '\n' ' ')
for rule in IDN-01 IDN-03 PRV-01 PRV-03 PRV-04 CMD-01; do
    like " $fired" " $rule " "$rule fires on what is new"
done

# The same bytes for any number of workers, and on standard output.
exits 0 "with two workers" "$TIERWATCH" inventory learn --threads 2 "$normal"
same "$work/out" "$work/draft.yaml" "the same draft"

exits 0 "compared with itself" "$TIERWATCH" inventory learn --merge "$work/draft.yaml" "$normal"
is "$(grep -v '^ *#' "$work/out" | tr -d '\n')" "" "there is nothing to take in"
like "$(cat "$work/out")" "# Nothing is new." "and that is said"

exits 0 "compared with the plant's inventory" "$TIERWATCH" inventory learn --merge "$inventory" "$plant"
news=$(cat "$work/out")
like "$news" 'id: mqtt-tool-77' "a stranger is new"
like "$news" '- id: forecaster
    may:
      - .opcua: plc, actions: .browse., nodes: .*
      - .opcua: plc, actions: .write., nodes: ."ns=2;s=Dosing.Chlorine.Setpoint"' "what a registered system did beyond its rights"
like "$news" 'Safety.ChlorineTrip.Limit".. # 1 time, CHECK: a safety function' "a safety function is pointed out"
like "$news" '# CHECK: "pump1.setpoint" was outside its range 2 times: 4200 to 4200' "a range that did not hold"
like "$news" '# CHECK: "client id pumper is registered for pumper at 192.168.77.53, seen from 192.168.77.99"' "a copied name"
unlike "$news" 'id: plc' "what is registered is not told again"

# Whatever is captured, the draft is an inventory.
while read -r capture; do
    "$TIERWATCH" inventory learn -q -o "$work/any.yaml" "$capture" >"$work/said" 2>&1
    check "a draft of ${capture#"$PWD/tests/"} is an inventory" "$TIERWATCH" inventory check -q "$work/any.yaml"
done < <(find "$PWD/tests/golden" "$captures" -name '*.pcap' | sort)
like "$("$TIERWATCH" inventory learn -q "$captures/sparkplug/plant.pcap")" \
    'sparkplug: .group: Waterworks, edge_node: Intake, devices: .Screen.*topics: ."spBv1.0/Waterworks/.*/Intake/#"' \
    "an edge node and its rights"
like "$("$TIERWATCH" inventory learn -q "$captures/mcp/exchange.pcap")" \
    '# Looks like an AI system: calls of tools .MCP. .23..*id: planner-7f3a.*technology: llm' "who calls tools is an agent"

printf 'assets: [{id: a, kidn: other}]\n' >"$work/bad.yaml"
exits 3 "a broken inventory to compare with" "$TIERWATCH" inventory learn --merge "$work/bad.yaml" "$normal"
like "$(cat "$work/err")" 'bad.yaml:1:18: .*kidn' "its mistake has a place"
exits 1 "a capture that is not there" "$TIERWATCH" inventory learn "$work/nowhere.pcap"
exits 1 "no place to write to" "$TIERWATCH" inventory learn -o "$work/no/where" "$normal"
exits 2 "no capture at all" "$TIERWATCH" inventory learn
head -c 300000 "$normal" >"$work/cut.pcap"
exits 6 "a capture that breaks off" "$TIERWATCH" inventory learn -o "$work/part.yaml" "$work/cut.pcap"
exits 0 "what was whole is there" "$TIERWATCH" inventory check "$work/part.yaml"
finish
