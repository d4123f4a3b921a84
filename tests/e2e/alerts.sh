#!/usr/bin/env bash
# The lab's plant: every scenario is noticed, its undisturbed work is left alone.
. "$(dirname "$0")/lib.sh"

exits 0 "the plant is replayed" replay "$plant"
tap python3 "$e2e/alerts_expected.py" "$work/out" "$captures/expected.json"

exits 0 "undisturbed work is replayed" replay "$normal"
is "$(jq -c 'select(.severity | IN("medium", "high", "critical")) | [.ts, .rule.id, .summary]' "$work/out")" "" \
    "undisturbed work raises nothing of medium or above"
exits 0 "nothing of it reaches --fail-on medium" replay --fail-on medium "$normal"
exits 20 "the plant reaches --fail-on critical" replay --fail-on critical "$plant"
finish
