#!/usr/bin/env bash
# What others share: taken over, looked at, held against traffic, handed on.
. "$(dirname "$0")/lib.sh"

cd "$work" || exit 1
ids=indicator--00000000-0000-4000-8000-00000000000
one() { # NUMBER MODIFIED MEMBERS
    printf '{"type":"indicator","spec_version":"2.1","id":"%s%s","modified":"%s","pattern_type":"stix","valid_from":"2020-01-01T00:00:00Z",%s}' "$ids" "$1" "$2" "$3"
}
bundle() { printf '{"type":"bundle","id":"bundle--1","objects":[%s]}\n' "$1"; }
printf 'indicators: shared.json\n' >gw.yaml

bundle "$(one 1 2026-01-01T00:00:00Z '"name":"first","confidence":90,"pattern":"[ipv4-addr:value = '"'192.0.2.250'"']"'),
$(one 2 2026-01-01T00:00:00Z '"valid_until":"2020-02-01T00:00:00Z","pattern":"[domain-name:value = '"'old.example'"']"')" >a.json
exits 0 "a first bundle is taken over" "$TIERWATCH" indicators import -c gw.yaml a.json
exits 0 "and listed" "$TIERWATCH" indicators list -c gw.yaml
is "$(cat out)" "valid          90  ipv4-addr 192.0.2.250  first" "what is valid, without what has ended"

bundle "$(one 1 2026-02-01T00:00:00Z '"name":"better","confidence":70,"pattern":"[ipv4-addr:value = '"'192.0.2.250'"']"'),
$(one 3 2026-01-01T00:00:00Z '"name":"\u001b[31mred","pattern":"[domain-name:value = '"'a.example'"']"')" >b.json
exits 0 "a second one" "$TIERWATCH" indicators import -c gw.yaml b.json
exits 0 "listed again" "$TIERWATCH" indicators list -c gw.yaml
is "$(cat out)" "valid          70  ipv4-addr 192.0.2.250  better
valid          50  domain-name a.example   [31mred" "the later one counts; nothing controls the terminal"
exits 0 "as JSON" "$TIERWATCH" indicators list -c gw.yaml --json
is "$(jq -r .confidence out | tr '\n' ' ')" "70 50 " "one object a line"
cp shared.json before.json
exits 0 "exported" "$TIERWATCH" indicators export -c gw.yaml
same out shared.json "the same bundle"
is "$(jq '.objects | length' out)" 2 "it is JSON"

bundle "$(one 4 2026-01-01T00:00:00Z '"pattern":"[ipv4-addr:value = '"'1.2.3'"']"')" >bad.json
exits 3 "a broken one is refused" "$TIERWATCH" indicators import -c gw.yaml bad.json
like "$(cat err)" 'bad.json:1:[0-9]+: .*"1.2.3" is no value of ipv4-addr' "its place is named"
same shared.json before.json "nothing was taken over"
bundle "$(one 5 2026-01-01T00:00:00Z '"pattern":"[process:name = '"'x'"']"')" >other.json
exits 0 "what is not used here is left out" "$TIERWATCH" indicators import -c gw.yaml other.json
like "$(cat err)" 'this pattern is not used' "and said to be"
same shared.json before.json "nothing else changes"
exits 2 "without a place" "$TIERWATCH" indicators import a.json

# Against traffic: an address of the plant as if somebody had met it.
address=$("$TIERWATCH" decode "$plant" | jq -r 'select(.action == "session") | .src.ip' | head -n 1)
bundle "$(one 6 2026-01-01T00:00:00Z '"name":"known","confidence":90,"pattern":"[ipv4-addr:value = '"'$address'"']"')" >live.json
exits 0 "a replay with indicators" "$TIERWATCH" replay -q --set indicators=live.json --inventory "$inventory" --rules "$rules" --alerts - "$plant"
like "$(jq -r 'select(.rule.id == "NET-08") | .summary' out | head -n 1)" "ipv4-addr $address is known as .known., confidence 90" "NET-08 names it"
exits 0 "and without" "$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" --alerts - "$plant"
is "$(jq -r 'select(.rule.id == "NET-08") | .summary' out)" "" "there is none"
printf 'x' >live.json
exits 3 "what is no bundle stops it" "$TIERWATCH" replay -q --set indicators=live.json --rules "$rules" "$plant"
finish
