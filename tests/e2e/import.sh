#!/usr/bin/env bash
# What agents declare about themselves becomes inventory entries; every mistake has its place.
# `import.sh --update` writes import_expected.yaml anew.
. "$(dirname "$0")/lib.sh"

declared=$PWD/tests/fuzz/seeds/import
expected=$e2e/import_expected.yaml
cd "$declared" || exit 1
exits 0 "two forms in one inventory" "$TIERWATCH" inventory import -o "$work/agents.yaml" controls.yaml policy.json
is "$(cat "$work/out")$(cat "$work/err")" "" "nothing is said beside it"
if [ "${1:-}" = --update ]; then cp "$work/agents.yaml" "$expected"; fi
same "$work/agents.yaml" "$expected" "the inventory, line by line"
exits 0 "it is one" "$TIERWATCH" inventory check "$work/agents.yaml"
exits 0 "on standard output" "$TIERWATCH" inventory import controls.yaml policy.json
same "$work/out" "$expected" "the same bytes"
cd "$work" || exit 1

# Every member is mapped or named: the names of both files, against what was written.
while read -r name; do
    like "$(grep 'Not mapped' agents.yaml | tr '\n' ',')" "[ .]$name(,|$)" "$name is said not to be mapped"
done <<'NAMES'
allowed_tools
securityMode
username
password
maxReadBatchSize
label
audit
mediumConfirmationTtlMs
description
riskLevel
requireCurrentValueForConfirmation
falseLabel
trueLabel
NAMES

wrong() { # TEXT PLACE WHAT
    printf '%s\n' "$1" >bad.json
    exits 3 "refused: $3" "$TIERWATCH" inventory import bad.json
    like "$(cat err)" "^bad.json:$2: .*$3" "its place: $2"
    is "$(cat out)" "" "and nothing is written"
}
wrong '{"profile": "operater"}' 1:13 'operater'
wrong '{"profile": "operator", "control": {"writable_nodes": ["Boiler"]}}' 1:56 'is not a NodeId'
wrong '{"profile": "operator", "control": {"writable_nodes": [{"node": "i=1", "min": 5, "max": 1}]}}' 1:56 '"min" is more than "max"'
wrong '{"profile": "operator", "control": {"writable_nodes": [{"min": 5}]}}' 1:56 '"node" is missing'
wrong '{"profile": "operator", "control": {"writable_nodes": [{"node": "i=1", "max_change": 0}]}}' 1:86 'more than 0'
wrong '{"profile": "operator", "control": {"writable_nodes": "i=1"}}' 1:55 'a list was expected'
wrong '{"profile": "operator", "control": {"callable_methods": [{"object_id": "i=1"}]}}' 1:58 '"method_id" is missing'
wrong '{"profile": "operator", "version": 2}' 1:36 '1'
wrong '{"controls": {"items": [{"name": "a", "nodeId": "i=1", "dataType": "Duble"}]}}' 1:68 'Duble'
wrong '{"controls": {"items": [{"name": "a"}]}}' 1:25 '"nodeId" is missing'
wrong '{"connection": {"endpointUrl": "http://x"}}' 1:32 'no address of an OPC UA server'
wrong '{"connection": {"auth": {"type": "token"}}}' 1:34 'token'
wrong '{"tools": []}' 1:1 'none of the forms that are known'
wrong '[1, 2]' 1:1 'none of the forms that are known'
wrong '{"profile": "operator",, }' 1:24 '.'

printf '{"profile": "operator", "new_thing": 1, "control": {"writable_nodes": ["ns=2;s=A"]}}\n' >new.json
exits 0 "a member that is not known" "$TIERWATCH" inventory import new.json
like "$(cat err)" '^new.json:1:25: warning: "new_thing" is not known here, and not mapped' "is a warning with its place"
like "$(cat out)" '# Not mapped: new_thing' "and is named in the inventory"
printf '{"control": {"writable_nodes": ["ns=2;s=A"]}}\n' >off.json
exits 0 "without a profile nothing may be written" "$TIERWATCH" inventory import off.json
unlike "$(cat out)" 'actions: \[write\]' "no right to write"
like "$(cat out)" 'declared, but not enabled' "and why"
printf 'controls: {items: [{name: "a\\n  - id: evil", nodeId: "ns=2;s=x\\ny", dataType: Double, min: 1, max: 2}]}\n' >hostile.yaml
exits 0 "names that would be lines" "$TIERWATCH" inventory import -o h.yaml hostile.yaml
exits 0 "are texts" "$TIERWATCH" inventory check h.yaml
like "$(cat out)" '1 AI systems, 1 assets, 1 variables' "and add no entry"
exits 3 "a file that is not there" "$TIERWATCH" inventory import nowhere.json
exits 2 "no file" "$TIERWATCH" inventory import
finish
