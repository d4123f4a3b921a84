#!/usr/bin/env bash
# Speed and memory of decode and replay on made-up captures, beside a bare libpcap loop on the same
# files. README.md says how to read it.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
    cat <<'TEXT'
Usage: run.sh [--mb N] [--runs N] [--seed N] [--kinds "KIND..."] [--no-flows] [--peers]

  --mb N         size of each capture (200); of those whose every line is printed, at most 50
  --runs N       runs of each program, interleaved; the median counts (5)
  --seed N       other captures of the same kinds (1)
  --kinds LIST   out of mqtt, opcua, mixed (all three)
  --no-flows     leave out the comparison of 2,000 and 20,000 flows
  --peers        also tshark, suricata and snort where they are installed: one run each
TEXT
}

mb=200 runs=5 seed=1 kinds="mqtt opcua mixed" flows=true peers=false
while [ $# -gt 0 ]; do
    case $1 in
    --mb) mb=${2:?}; shift 2 ;;
    --runs) runs=${2:?}; shift 2 ;;
    --seed) seed=${2:?}; shift 2 ;;
    --kinds) kinds=${2:?}; shift 2 ;;
    --no-flows) flows=false; shift ;;
    --peers) peers=true; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
done

program=${TIERWATCH:-build/tierwatch}
dir=build/bench
results=$dir/results
export LC_ALL=C TZ=UTC
rules=()
[ ! -d rules ] || rules=(--rules rules)

say() { printf '%s\n' "$*" >&2; }

# ---- tools

compile() { # NAME LIBRARY... -- SOURCE...
    local name=$1 libs=()
    shift
    while [ "$1" != -- ]; do libs+=("$1"); shift; done
    shift
    if [ ! -x "$dir/$name" ] || [ -n "$(find tests/bench -name '*.[ch]' -newer "$dir/$name")" ]; then
        "${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -o "$dir/$name" "$@" ${libs[@]+"${libs[@]}"}
    fi
}

mkdir -p "$results"
rm -f "$results"/*
compile generate -- tests/bench/{generate,wire,mqtt,opcua,other}.c
compile bare -lpcap -- tests/bench/bare.c
compile measure -- tests/bench/measure.c

# ---- captures

# make_capture NAME OPTION...: NAME.pcap, .yaml, .counts, .figures, and NAME.first.pcap with the first
# packet alone; not made again while neither the options nor the generator changed.
make_capture() {
    local base=$dir/$1
    shift
    if [ -f "$base.options" ] && [ "$(cat "$base.options")" = "$*" ] && [ ! "$dir/generate" -nt "$base.options" ]; then
        return
    fi
    say "generating $base.pcap"
    "$dir/generate" "$@" --inventory "$base.yaml" --counts "$base.counts" "$base.pcap" >"$base.figures"
    head -c 98 "$base.pcap" >"$base.first.pcap" # file header 24, record header 16, a SYN 58
    echo "$*" >"$base.options"
}

figure() { awk -v k="$2" '$1 == k { print $2 }' "$dir/$1.figures"; }

# ---- measuring

# measure LABEL COMMAND...: its output goes to a file that is not kept.
measure() {
    local label=$1
    shift
    "$dir/measure" "$results/$label" "$@" >"$results/output" 2>"$results/errors" || {
        local code=$?
        say "$* ended with $code:"
        cat "$results/errors" >&2
        exit 1
    }
    rm -f "$results/output"
}

# one_round NAME PROGRAM...: each once on the capture, and on its first packet, which is what starting costs.
one_round() {
    local name=$1 part file label which
    shift
    for part in first all; do
        file=$dir/$name.pcap
        label=$name
        [ $part = all ] || { file=$dir/$name.first.pcap; label=first.$name; }
        measure "$label.bare" "$dir/bare" "$file"
        [ -x "$program" ] || continue
        for which in "$@"; do
            case $which in
            decode) measure "$label.decode" "$program" decode -q "$file" ;;
            replay*) measure "$label.$which" "$program" replay -q --inventory "$dir/$name.yaml" "${rules[@]}" \
                --alerts /dev/null --threads "${which#replay}" "$file" ;;
            esac
        done
    done
}

# lines_of NAME: the capture of this kind whose every action is printed as a line. Writing those of a large one
# would measure the disk.
lines_of() { [ "$mb" -gt 50 ] && echo "$1.lines" || echo "$1"; }

# median LABEL COLUMN; largest LABEL COLUMN
median() { sort -n -k "$2,$2" "$results/$1" | awk -v c="$2" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'; }
largest() { awk -v c="$2" '$c > m { m = $c } END { print m }' "$results/$1"; }

# net LABEL COLUMN: without what starting costs.
net() { echo $(($(median "$1" "$2") - $(median "first.$1" "$2"))); }

# row NAME PROGRAM TITLE
row() {
    local name=$1 which=$2
    [ -f "$results/$name.$which" ] || return 0
    awk -v title="$3" -v packets="$(figure "$name" packets)" -v cpu="$(net "$name.$which" 1)" \
        -v wall="$(net "$name.$which" 2)" -v bare="$(net "$name.bare" 1)" \
        -v rss="$(largest "$name.$which" 3)" -v start="$(median "first.$name.$which" 1)" 'BEGIN {
            cpu = cpu > 0 ? cpu : 1; wall = wall > 0 ? wall : 1; bare = bare > 0 ? bare : 1
            printf "  %-18s %12.0f %10.1f %8.2f %12.0f %9.1f %9.1f\n", title, packets / cpu * 1e6,
                cpu * 1000 / packets, cpu / bare, packets / wall * 1e6, rss / 1024, start / 1000 }'
}

# ---- is everything decoded

check_counts() { # NAME
    local lines
    lines=$(lines_of "$1")
    "$program" decode -q "$dir/$lines.pcap" 2>/dev/null |
        awk -F'"' '{ i = 10; while (i < NF && $(i - 2) != "protocol") i += 2; n[$i " " $(i + 4)]++ } END { print "lines", NR; for (k in n) print k, n[k] }' \
            >"$results/$1.decoded" || true
    awk 'NR == FNR { got[$1 " " $2] = $3; next } { want = $3 + 0; have = got[$1 " " $2] + 0
        if (want != have) { bad++; printf "  NOT DECODED: %s %s: %d of %d\n", $1, $2, have, want } else sum += want }
        END { if (!bad) printf "  all %d actions of OPC UA and MQTT decoded\n", sum }' \
        "$results/$1.decoded" "$dir/$lines.counts"
    "$program" replay --inventory "$dir/$1.yaml" "${rules[@]}" --alerts /dev/null "$dir/$1.pcap" 2>&1 |
        awk '/alerts: / { sub(/^tierwatch: /, ""); print "  " $0 }' || true
}

# What judging an action takes, with all rules and with one that never matches.
judge_cost() { # NAME
    local set
    mkdir -p "$dir/no-rules"
    cat >"$dir/no-rules/none.yaml" <<'YAML'
required_engine: ">=1.0"
ruleset: {name: none, version: 1.0.0}
rules: [{id: NO-01, name: Nothing, rev: 1, when: action = conflict and object = "none", evidence: W, severity: 1, output: none}]
YAML
    for set in rules "$dir/no-rules"; do
        [ -d "$set" ] || continue
        for ((i = 1; i <= runs; i++)); do
            "$program" replay -v --inventory "$dir/$1.yaml" --rules "$set" --alerts /dev/null --threads 1 \
                "$dir/$1.pcap" 2>&1 | sed -n 's/.*judging an action: median \([0-9]*\) ns, 99 of 100 within \([0-9]*\) ns/\1 \2/p'
        done | sort -n | awk -v set="$([ "$set" = rules ] && echo 'all rules' || echo 'no rules')" '{ m[NR] = $1; p[NR] = $2 }
            END { k = int((NR + 1) / 2); if (NR > 0) printf "  judging an action, %s: median %d ns, 99 of 100 within %d ns\n", set, m[k], p[k] }'
    done
}

# Where there is an alert, it names the SHA-256 of the capture: once for all alerts, and in the figures above.
digest_cost() { # NAME
    local i alerts
    alerts=$("$program" replay -q --inventory "$dir/$1.yaml" "${rules[@]}" --alerts - "$dir/$1.pcap" 2>/dev/null | wc -l)
    for ((i = 1; i <= runs; i++)); do
        measure "$1.digest" openssl dgst -sha256 "$dir/$1.pcap"
        measure "first.$1.digest" openssl dgst -sha256 "$dir/$1.first.pcap"
    done
    awk -v cpu="$(net "$1.digest" 1)" -v bare="$(net "$1.bare" 1)" -v alerts="$alerts" 'BEGIN {
        printf "  the capture'"'"'s SHA-256: %.2f × bare, %s\n", cpu / bare,
            (alerts > 0) ? "in the figures of replay, for it alerts" : "once it alerts (it does not)" }'
}

line_cost() { # NAME
    awk -v lines="$(awk '$1 == "lines" { print $2 }' "$results/$1.decoded")" \
        -v cpu="$(net "$(lines_of "$1").decode" 1)" -v replay="$(net "$1.replay1" 1)" \
        -v actions="$(awk '{ n += $3 } END { print n }' "$dir/$1.counts")" 'BEGIN { if (lines > 0)
            printf "  decode to a file: %.0f ns a line (must ≤ 1000), %d lines; replay: %.0f ns an action\n",
                1000 * cpu / lines, lines, 1000 * replay / actions }'
}

# ---- others

peer() { # NAME TITLE COMMAND...
    local name=$1 title=$2
    shift 2
    if ! command -v "$1" >/dev/null; then
        say "  ($title is not installed)"
        return
    fi
    "$dir/measure" "$results/$name.$title" "$@" >/dev/null 2>"$results/errors" ||
        { say "  ($title did not run: $(tail -n 1 "$results/errors"))"; return; }
    cp "$results/$name.$title" "$results/first.$name.$title"
    sed -i 's/.*/0 0 0/' "$results/first.$name.$title"
    row "$name" "$title" "$title"
}

run_peers() { # NAME
    local file=$dir/$1.pcap logs=$results/logs
    mkdir -p "$logs"
    peer "$1" tshark tshark -n -r "$file" -T fields -e frame.number -e mqtt.topic -e mqtt.msg \
        -e opcua.servicenodeid.numeric -e opcua.Double
    peer "$1" suricata suricata -r "$file" -l "$logs" --runmode single -k none
    peer "$1" snort snort -q -r "$file" -l "$logs"
    rm -rf "$logs"
}

# ---- the report

heading() {
    printf '  %-18s %12s %10s %8s %12s %9s %9s\n' '' 'packets/CPU s' 'ns/packet' '× bare' 'packets/s' \
        'RSS MiB' 'start ms'
}

goal_of() {
    case $1 in
    mqtt) echo 'must ≤ 5.7 × bare (400 ns), aim 3.8 × (265 ns)' ;;
    opcua) echo 'must ≤ 3.0 × bare (300 ns), aim 1.8 × (180 ns)' ;;
    mixed) echo 'must ≤ 3.4 × bare (330 ns), aim 2.1 × (200 ns)' ;;
    esac
}

report() { # NAME
    echo
    echo "$1: $(figure "$1" packets) packets, $(figure "$1" bytes) bytes, $(figure "$1" flows) flows," \
        "$(figure "$1" messages) messages"
    heading
    row "$1" bare 'bare libpcap loop'
    row "$(lines_of "$1")" decode 'decode'
    row "$1" replay1 'replay --threads 1'
    row "$1" replay2 'replay --threads 2'
    ! $peers || run_peers "$1"
    [ -x "$program" ] || return 0
    check_counts "$1"
    line_cost "$1"
    judge_cost "$1"
    digest_cost "$1"
    echo "  goal of replay --threads 1: $(goal_of "$1")"
}

per_flow() { # PROGRAM TITLE
    local few=flows.2000.$1 many=flows.20000.$1
    [ -f "$results/$few" ] || return 0
    awk -v title="$2" -v packets="$(figure flows.2000 packets)" -v more="$(figure flows.20000 packets)" \
        -v a="$(net "$few" 1)" -v b="$(net "$many" 1)" -v ra="$(largest "$few" 3)" \
        -v rb="$(largest "$many" 3)" -v sa="$(largest "first.$few" 3)" -v sb="$(largest "first.$many" 3)" '
        BEGIN { printf "  %-18s %7.1f → %7.1f ns/packet, %4.2f ×; RSS %6.1f → %6.1f MiB, %5.2f KiB a flow\n", title,
            a * 1000 / packets, b * 1000 / more, (b / more) / (a / packets), ra / 1024, rb / 1024,
            ((rb - sb) - (ra - sa)) / 18000 }'
}

[ -x "$program" ] || say "no $program: only the bare loop is measured"
for kind in $kinds; do
    make_capture "$kind" --kind "$kind" --seed "$seed" --mb "$mb"
    [ "$mb" -le 50 ] || make_capture "$kind.lines" --kind "$kind" --seed "$seed" --mb 50
done
if $flows; then
    make_capture flows.2000 --kind mqtt --seed "$seed" --packets 1000000 --clients 2000 --brief
    make_capture flows.20000 --kind mqtt --seed "$seed" --packets 1000000 --clients 20000 --brief
fi
for kind in $kinds; do
    cat "$dir/$kind.pcap" "$dir/$(lines_of "$kind").pcap" >/dev/null # into the page cache
    for ((i = 1; i <= runs; i++)); do
        one_round "$kind" replay1 replay2
        one_round "$(lines_of "$kind")" decode
    done
    report "$kind"
done
if $flows; then
    for name in flows.2000 flows.20000; do
        cat "$dir/$name.pcap" >/dev/null
        for ((i = 1; i <= 3; i++)); do
            one_round "$name" decode replay1
        done
    done
    echo
    echo "2,000 → 20,000 MQTT flows, $(figure flows.2000 packets) packets each"
    per_flow bare 'bare libpcap loop'
    per_flow decode 'decode'
    per_flow replay1 'replay --threads 1'
    echo '  goal: ≤ 1.4 × ns/packet, ≤ 2 KiB a flow, ≤ 64 MiB at 2,000 flows'
fi
