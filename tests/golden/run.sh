#!/usr/bin/env bash
# Captures against what tierwatch must say about them, byte for byte. Each folder is a case: in.pcap and
# expect.jsonl; with rules.yaml (and inventory.yaml) the alerts of a replay are compared, else the actions
# of decode. With learn, a time, what came before it is learned (baseline.json) and the rest replayed. README says
# what the case shows. Prints TAP.
#
#   tests/golden/run.sh [--update] [CASE]...
set -uo pipefail
cd "$(dirname "$0")" || exit 1
TIERWATCH=$(realpath "${TIERWATCH:-../../build/tierwatch}")
[ -x "$TIERWATCH" ] || { echo "Bail out! there is no $TIERWATCH"; exit 1; }
update=false
[ "${1:-}" != --update ] || { update=true && shift; }
[ $# -gt 0 ] || set -- */
got=$(mktemp) learned=$(mktemp)
trap 'rm -f "$got" "$learned"' EXIT
failed=0

# Versions change with every release and with the machine; they are no part of what is compared.
look() {
    if [ -e "$1/rules.yaml" ]; then
        local inventory=()
        [ ! -e "$1/inventory.yaml" ] || inventory=(--inventory "$1/inventory.yaml")
        local options=(--rules "$1/rules.yaml" "${inventory[@]}")
        if [ -e "$1/learn" ]; then
            "$TIERWATCH" baseline learn -q "${inventory[@]}" --to "$(<"$1/learn")" -o "$learned" "$1/in.pcap" || return
            options+=(--from "$(<"$1/learn")" --baseline "$learned")
        fi
        "$TIERWATCH" replay -q "${options[@]}" --alerts - "$1/in.pcap" |
            sed -E 's/"engine":"[^"]*","ndpi":"[^"]*"/"engine":"-","ndpi":"-"/'
    else
        "$TIERWATCH" decode -q "$1/in.pcap"
    fi
}

for case in "$@"; do
    case=${case%/}
    look "$case" >"$got" 2>&1
    code=$?
    if $update; then
        cp "$got" "$case/expect.jsonl"
        chmod 644 "$case/expect.jsonl"
        if [ -e "$case/learn" ]; then
            cp "$learned" "$case/baseline.json"
            chmod 644 "$case/baseline.json"
        fi
    fi
    if [ -e "$case/learn" ] && ! cmp -s "$learned" "$case/baseline.json"; then
        echo "not ok - golden $case: what is learned"
        diff "$case/baseline.json" "$learned" | head -n 20 | cut -c -800 | sed 's/^/# /'
        failed=1
    elif [ $code -eq 0 ] && cmp -s "$got" "$case/expect.jsonl"; then
        echo "ok - golden $case"
    else
        echo "not ok - golden $case"
        diff "$case/expect.jsonl" "$got" | head -n 20 | cut -c -800 | sed 's/^/# /'
        failed=1
    fi
done
exit $failed
