#!/usr/bin/env bash
# The hash chain: what was changed, cut, added or moved is found, and where.
. "$(dirname "$0")/lib.sh"

verify() { "$TIERWATCH" ledger verify "$@"; }
replay --alerts "$work/alerts" --ledger "$work/ledger" "$plant"
lines=$(wc -l <"$work/ledger")
[ "$lines" -ge 12 ] || fail "there are enough alerts to test with" "$lines"

exits 0 "a ledger as it was written" verify "$work/ledger"
like "$(cat "$work/out")" "^$lines lines" "tells its lines"
exits 0 "the same as data" verify --json "$work/ledger"
is "$(jq -c '[.ok, .lines]' "$work/out")" "[true,$lines]" "ok, and how many"
tap python3 "$e2e/score_check.py" "$work/ledger" live
tap python3 - "$work/ledger" "$work/alerts" <<'PY'
import hashlib, json, sys
prev, good, same = hashlib.sha256(b'').hexdigest(), True, True
with open(sys.argv[1], 'rb') as f, open(sys.argv[2], 'rb') as g:
    for line, alert in zip(f, g):
        line = line.rstrip(b'\n')
        d = json.loads(line)
        good = good and d['prev'] == prev and line.endswith(b'"prev":"' + prev.encode() + b'"}')
        prev = hashlib.sha256(line).hexdigest()
        for key in ('boot', 'seq', 'prev'):
            del d[key]
        same = same and d == json.loads(alert)
print('ok' if good else 'not ok', '- prev is the SHA-256 of the line before')
print('ok' if same else 'not ok', '- a line is the alert and boot, seq, prev')
sys.exit(not (good and same))
PY
exits 0 "tail prints it" "$TIERWATCH" ledger tail "$work/ledger"
same "$work/out" "$work/ledger" "line by line"

# The ledger with its companion file, spoilt in one way each; then the chain must say which line.
spoil() { # NAME LINE-REGEX SED-SCRIPT...
    local name=$1 want=$2
    shift 2
    rm -rf "$work/case"
    mkdir "$work/case"
    cp -p "$work"/ledger* "$work/case/"
    sed "$@" "$work/ledger" >"$work/case/ledger"
    if cmp -s "$work/ledger" "$work/case/ledger"; then
        fail "$name: nothing was spoilt"
        return
    fi
    exits 8 "$name: exit 8" verify "$work/case/ledger"
    like "$(cat "$work/err")" "ledger:($want): " "$name: line $want is named"
    exits 8 "$name: also as data" verify --json "$work/case/ledger"
    like "$(jq -c '[.ok, .line]' "$work/out")" "^\[false,($want)\]$" "$name: with the line"
}

spoil "a changed number" '5' -e '5s/"score":[0-9]*/"score":1/'
spoil "a changed word" '7' -e '7s/"summary":"./"summary":"X/'
spoil "a line cut out" '6' -e '6d'
spoil "a line at the beginning cut out" '1' -e '1d'
spoil "a line at the end cut off" "$lines|$((lines - 1))" -e '$d'
spoil "a line added" '4|5' -e '4{p;s/"count":1/"count":2/}'
spoil "a line doubled" '5' -e '4p'
spoil "two lines changed places" '8|9' -e '8{h;d};9{G}'
spoil "half a line at the end" "$lines" -e '$s/.\{40\}$//'
spoil "a line that is no JSON" '3|4' -e '3a not an alert'
head -c -1 "$work/ledger" >"$work/case/ledger"
exits 8 "a last line without its end" verify "$work/case/ledger"
: >"$work/case/ledger"
exits 8 "an emptied ledger" verify "$work/case/ledger"
exits 1 "a ledger that is not there" verify "$work/nowhere"

# Appending: the chain goes on.
cp -p "$work"/ledger* "$work/case/"
replay --ledger "$work/case/ledger" "$plant" >"$work/again"
exits 0 "a second replay into the same ledger" verify "$work/case/ledger"
like "$(cat "$work/out")" "^$((lines * 2)) lines" "goes on behind the first"
sed -i '3s/"score":[0-9]*/"score":1/' "$work/case/ledger"
exits 1 "a ledger can not be written where there is a folder in the way" replay --ledger "$work" "$plant"
finish
