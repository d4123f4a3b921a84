#!/usr/bin/env bash
# Lint: layers, calls that are banned, protocol/ without allocation or I/O, sizes, formatting.
set -uo pipefail
cd "$(dirname "$0")/../.."
n=100 bad=0
say() { # say OK? NAME
    n=$((n + 1))
    if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; bad=1; fi
}

python3 tests/lint/layers.py || bad=1
python3 tests/lint/policy.py || bad=1
python3 tests/lint/names.py || bad=1

banned='\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|alloca|gets)[[:space:]]*\('
found=$(grep -rnE "$banned" gateway --include='*.[ch]')
[ -z "$found" ]; say $? "no banned calls"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

found=$(grep -rnE '\bexit[[:space:]]*\(' gateway --include='*.c' | grep -v '^gateway/cli/')
[ -z "$found" ]; say $? "no exit() below cli"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

found=$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' gateway rules tests/unit tests/e2e --include='*.[ch]' --include='*.yaml' --include='*.sh')
[ -z "$found" ]; say $? "nothing left to do in comments"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

found=$(find gateway -name '*.[ch]' -print0 | xargs -0 wc -l | awk '$2 != "total" && $1 > 800')
[ -z "$found" ]; say $? "no file of more than 800 lines"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

found=$(awk 'FNR == 1 {inside = 0}
    /^\{/ {inside = 1; start = FNR}
    /^\}/ {if (inside && FNR - start > 80) print FILENAME ":" start ": " FNR - start " lines"; inside = 0}' \
    $(find gateway -name '*.c'))
[ -z "$found" ]; say $? "no function of more than 80 lines"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

found=$(find gateway tests/unit tests/fuzz tests/bench -name '*.[ch]' | while read -r file; do
    grep '^#include' "$file" | sort | uniq -d | sed "s#^#$file: #"
done)
[ -z "$found" ]; say $? "no header is included twice by one file"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

found=$(find build/release/obj/protocol -name '*.o' -print0 2>/dev/null | xargs -0 -r nm -u |
    grep -E ' U (malloc|calloc|realloc|free|printf|fprintf|fopen|open|read|write|socket)$')
[ -z "$found" ]; say $? "protocol/ neither allocates nor does I/O"
[ -z "$found" ] || sed 's/^/# /' <<<"$found"

if command -v clang-format-14 >/dev/null; then format=clang-format-14; else format=clang-format; fi
if command -v $format >/dev/null; then
    found=$(find gateway tests/unit tests/fuzz -name '*.[ch]' -print0 | xargs -0 $format -n 2>&1 | grep -c 'warning:')
    [ "$found" -eq 0 ]; say $? "formatted (make format)"
    [ "$found" -eq 0 ] || echo "# $found places"
fi
exit $bad
