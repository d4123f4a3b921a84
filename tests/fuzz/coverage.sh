#!/usr/bin/env bash
# Which lines of a folder the fuzz targets reach, over their seeds and what fuzzing found so far. Fails
# below a percentage.
# usage: coverage.sh FOLDER PERCENT TARGET...
set -euo pipefail
folder=$1 least=$2
shift 2
root=$(cd "$(dirname "$0")" && pwd)
suffix=${LLVM_SUFFIX:--14}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
objects=()
for target in "$@"; do
    name=${target##*/fuzz_}
    found=${target%/fuzz-cov/*}/fuzz/corpus/$name
    inputs=("$root/seeds/$name")
    [ ! -d "$found" ] || inputs+=("$found")
    n=$(find "${inputs[@]}" -type f | wc -l)
    printf '%-20s %6d inputs\n' "$name" "$n"
    find "${inputs[@]}" -type f -print0 |
        LLVM_PROFILE_FILE="$work/$name-%p.profraw" xargs -0 -r "$target" >/dev/null
    objects+=("-object=$target")
done
"llvm-profdata$suffix" merge -sparse -o "$work/all" "$work"/*.profraw
"llvm-cov$suffix" export -summary-only -instr-profile="$work/all" "$1" "${objects[@]}" \
    >"$work/json" 2> >(grep -v 'mismatched data' >&2) # each target has its own LLVMFuzzerTestOneInput
python3 - "$work/json" "$folder" "$least" <<'END'
import json
import sys

files = json.load(open(sys.argv[1], encoding='utf-8'))['data'][0]['files']
folder, least = sys.argv[2], float(sys.argv[3])
covered = lines = 0
for f in sorted(files, key=lambda f: f['filename']):
    name = f['filename'][f['filename'].find(folder):]
    own = f['summary']['lines']
    if folder not in f['filename'] or own['count'] == 0:
        continue
    print('%-44s %5d of %5d lines  %5.1f %%' % (name, own['covered'], own['count'], own['percent']))
    covered += own['covered']
    lines += own['count']
share = 100 * covered / max(lines, 1)
print('%-44s %5d of %5d lines  %5.1f %%' % (folder, covered, lines, share))
if share < least:
    sys.exit('less than %g %%' % least)
END
