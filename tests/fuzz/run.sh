#!/usr/bin/env bash
# Run each fuzz target for some seconds from its seeds; stop at the first that finds something.
# usage: run.sh SECONDS TARGET...
set -euo pipefail
seconds=$1
shift
root=$(cd "$(dirname "$0")" && pwd)
for target in "$@"; do
    name=${target##*/fuzz_}
    work=$(mktemp -d)
    mkdir -p "$root/seeds/$name"
    echo "== $name, $seconds s"
    if ! "$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$work/" "$work" "$root/seeds/$name" >"$work.log" 2>&1; then
        tail -n 40 "$work.log"
        echo "kept in $work; put the input into tests/fuzz/seeds/$name once it is mended"
        exit 1
    fi
    grep -E 'stat::number_of_executed_units|cov:' "$work.log" | tail -n 2
    rm -rf "$work" "$work.log"
done
