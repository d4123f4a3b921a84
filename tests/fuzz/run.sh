#!/usr/bin/env bash
# Run each fuzz target for some seconds from its seeds and from what it found before; stop at the first
# that finds something wrong. What is new is kept beside the target, in corpus/.
# usage: run.sh SECONDS TARGET...
set -euo pipefail
seconds=$1
shift
root=$(cd "$(dirname "$0")" && pwd)
for target in "$@"; do
    name=${target##*/fuzz_}
    corpus=${target%/*}/corpus/$name
    log=$corpus.log
    mkdir -p "$root/seeds/$name" "$corpus"
    dictionary=$root/${name%%_*}.dict
    words=()
    [ ! -e "$dictionary" ] || words=("-dict=$dictionary")
    echo "== $name, $seconds s"
    if ! "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        "${words[@]}" -artifact_prefix="$corpus/" "$corpus" "$root/seeds/$name" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "kept in $corpus; put the input into tests/fuzz/seeds/$name once it is mended"
        exit 1
    fi
    grep -E 'stat::number_of_executed_units|cov:' "$log" | tail -n 2
done
