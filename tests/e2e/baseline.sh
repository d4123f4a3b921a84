#!/usr/bin/env bash
# A baseline: learned, looked at, compared, used; the same for any number of threads, and refused when it was touched.
. "$(dirname "$0")/lib.sh"

learn() { "$TIERWATCH" baseline learn -q --inventory "$inventory" "$@"; }
judged() { "$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" --alerts - "$@"; }
baseline=$work/baseline.json

check "learns from a capture" learn -o "$baseline" "$normal"
learn --threads 3 -o "$work/threads.json" "$normal"
same "$baseline" "$work/threads.json" "learns the same with three threads"
learn -o - "$normal" >"$work/stdout.json"
same "$baseline" "$work/stdout.json" "writes to standard output"
check "is JSON with a schema" jq -e '.schema == "tierwatch.baseline/1" and (.series | length) > 10' "$baseline"
check "names declared variables" jq -e '[.series[] | select(.variable)] | length > 3' "$baseline"

check "shows it" "$TIERWATCH" baseline show "$baseline"
like "$("$TIERWATCH" baseline show "$baseline" | head -n 1)" 'series, learned 20[0-9T:.Z-]+ to 20[0-9T:.Z-]+, sha256:[0-9a-f]{64}$' \
    "and its digest"
"$TIERWATCH" baseline show --json "$baseline" >"$work/again.json"
same "$baseline" "$work/again.json" "shows it as it was written"
jq . "$baseline" >"$work/pretty.json"
check "its layout does not matter" "$TIERWATCH" baseline show -q "$work/pretty.json"
is "$("$TIERWATCH" baseline diff "$baseline" "$work/pretty.json")" "" "two that say the same do not differ"
learn -o "$work/plant.json" "$plant"
like "$("$TIERWATCH" baseline diff "$baseline" "$work/plant.json")" '^[-+~] ' "two that do not, do"

sed 's/"state":"shadow"/"state":"active"/' "$baseline" >"$work/touched.json"
exits 3 "one that was touched is not shown" "$TIERWATCH" baseline show "$work/touched.json"
like "$(<"$work/err")" 'touched.json:2:.*the digest is not that of the content' "and says why"
exits 3 "nor used" judged --baseline "$work/touched.json" "$plant"
exits 3 "one that is not there is an error" judged --baseline "$work/nowhere.json" "$plant"
exits 2 "learning needs a file to write" "$TIERWATCH" baseline learn "$normal"
exits 1 "that can be written" "$TIERWATCH" baseline learn -q -o "$work/no/folder" "$normal"

judged --baseline "$baseline" --summary "$work/summary.json" "$plant" >"$work/alerts"
check "the summary says how much of it was seen" jq -e \
    '.baseline | .digest[0:7] == "sha256:" and .seen > 5 and .values > .seen and .series >= .active' "$work/summary.json"
judged --baseline "$baseline" --threads 3 "$plant" >"$work/threads"
same "$work/alerts" "$work/threads" "the same alerts with three threads"
judged --baseline "$baseline" --events /dev/null "$plant" >"$work/events"
same "$work/alerts" "$work/events" "the same alerts when no data change passes"
printf 'inventory: %s\nrules: [%s]\nbaseline: baseline.json\n' "$inventory" "$rules" >"$work/tierwatch.yaml"
"$TIERWATCH" replay -q -c "$work/tierwatch.yaml" --alerts - "$plant" >"$work/configured"
same "$work/alerts" "$work/configured" "the same alerts when the configuration names it"
judged "$plant" >"$work/without"
is "$(grep -c 'INP-0[346]' "$work/without")" 0 "nothing is judged without it"
judged --baseline "$baseline" "$normal" | grep -c 'INP-0[34]' >"$work/own"
is "$(<"$work/own")" 0 "nothing is frozen or repeated in what was learned"
finish
