#!/usr/bin/env bash
# The same bytes for any number of threads.
. "$(dirname "$0")/lib.sh"

decode() { "$TIERWATCH" decode -q "$@" || fail "decode $* ended with $?"; }
alerts() { replay "$@" || fail "replay $* ended with $?"; }

for name in plant normal; do
    capture=$captures/$name.pcap
    decode "$capture" >"$work/decode-1"
    alerts --events "$work/events-1" "$capture" >"$work/alerts-1"
    [ -s "$work/decode-1" ] && [ -s "$work/events-1" ]
    is $? 0 "$name: one thread decodes"
    # Whoever writes events sees all of them; else most data changes pass without being completed.
    alerts "$capture" >"$work/alerts"
    same "$work/alerts-1" "$work/alerts" "$name: alerts without events"
    alerts --threads 3 "$capture" >"$work/alerts"
    same "$work/alerts-1" "$work/alerts" "$name: alerts without events, with 3 threads"
    for threads in 0 2 3 4 5 6 7 8; do
        decode --threads $threads "$capture" >"$work/decode"
        same "$work/decode-1" "$work/decode" "$name: decode with $threads threads"
        alerts --threads $threads --events "$work/events" "$capture" >"$work/alerts"
        same "$work/alerts-1" "$work/alerts" "$name: alerts with $threads threads"
        same "$work/events-1" "$work/events" "$name: events with $threads threads"
    done
done

# What fills event batches, and what is hard to keep in order.
python3 "$e2e/wide.py" "$work/wide.pcap"
for file in "$work/wide.pcap" tests/golden/*/in.pcap; do
    name=$(basename "${file%/in.pcap}")
    decode "$file" >"$work/decode-1"
    alerts "$file" >"$work/alerts-1"
    for threads in 2 3 8; do
        decode --threads $threads "$file" >"$work/decode"
        alerts --threads $threads "$file" >"$work/alerts"
        cmp -s "$work/decode-1" "$work/decode" && cmp -s "$work/alerts-1" "$work/alerts"
        is $? 0 "$name with $threads threads"
    done
done
exits 2 "a number of threads is a number" "$TIERWATCH" decode --threads two "$plant"
exits 2 "and not negative" "$TIERWATCH" decode --threads -1 "$plant"
finish
