#!/usr/bin/env bash
# An alert proves its own score; its form is the promised one.
. "$(dirname "$0")/lib.sh"

exits 0 "the plant is replayed" replay "$plant"
tap python3 "$e2e/score_check.py" "$work/out"
exits 0 "undisturbed work is replayed" replay "$normal"
[ ! -s "$work/out" ] || tap python3 "$e2e/score_check.py" "$work/out"
exits 0 "without an inventory" "$TIERWATCH" replay -q --rules "$rules" "$plant"
[ ! -s "$work/out" ] || tap python3 "$e2e/score_check.py" "$work/out"
finish
