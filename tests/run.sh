#!/usr/bin/env bash
# Run test programs that speak TAP ("ok 1 - name", "not ok 2 - name"), show what failed, and end with
# "N passed, N failed". `--all` is everything that `make test` holds the program to.
set -uo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --all ]; then
    set -- build/release/unit/test_* build/asan/unit/test_* build/asan/replay/fuzz_* \
        tests/lint/run.sh tests/golden/run.sh tests/e2e/*.sh tests/web/run.sh
fi
limit=${TEST_TIMEOUT:-300}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 skipped=0

export CMOCKA_MESSAGE_OUTPUT=TAP
for program in "$@"; do
    case $program in
    *.d | *.gcno | *.gcda | *lib.sh) continue ;;
    build/*/replay/fuzz_*)
        name=${program##*/fuzz_}
        arguments=(tests/fuzz/seeds/"$name"/*)
        ;;
    *) arguments=() ;;
    esac
    log=$logs/log
    start=$SECONDS
    timeout -k 10 "$limit" "$program" "${arguments[@]}" >"$log" 2>&1 </dev/null
    code=$?
    good=$(grep -c '^[[:space:]]*ok ' "$log")
    skips=$(grep -ci '^[[:space:]]*ok .*# skip' "$log")
    bad=$(grep -c '^[[:space:]]*not ok ' "$log")
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    elif [ "$code" -eq 0 ] && [ $((good + bad)) -eq 0 ]; then
        echo "nothing was tested" >>"$log"
        bad=1
    fi
    passed=$((passed + good - skips)) failed=$((failed + bad)) skipped=$((skipped + skips))
    printf '%-44s %4d ok' "$program" "$good"
    [ "$skips" -eq 0 ] || printf ', %d skipped' "$skips"
    [ "$bad" -eq 0 ] || printf ', %d FAILED (exit %d)' "$bad" "$code"
    [ $((SECONDS - start)) -lt 5 ] || printf '  [%d s]' $((SECONDS - start))
    echo
    if [ "$bad" -gt 0 ]; then
        grep -v '^[[:space:]]*ok ' "$log" | tail -n 60 | sed 's/^/    /'
    fi
done

if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
