#!/usr/bin/env bash
# The dashboard in Debian's Chromium, against a real broker, a real replay and a gateway that runs.
. "$(dirname "$0")/../e2e/lib.sh"
web=$PWD/tests/web

# What can be installed is not missing in CI.
missing() {
    [ -z "${CI:-}" ] || { fail "$1"; finish; }
    skip "$1"
}
command -v npm >/dev/null || missing "there is no npm"
command -v chromium >/dev/null || missing "chromium is not installed"
[ -e build/dashboard/tierwatch.html ] || missing "the dashboard is not built (make dashboard)"
if [ ! "$web/node_modules" -nt "$web/package-lock.json" ]; then
    (cd "$web" && npm ci --ignore-scripts --no-audit --no-fund && touch node_modules) >"$work/npm" 2>&1 ||
        missing "the npm packages of tests/web can not be had: $(tail -n 1 "$work/npm")"
fi

export WORK=$work
replay --alerts "$work/plant.jsonl" "$plant" >/dev/null
for part in "$web"/test_*.mjs; do
    tap node "$part"
done
finish
