#!/usr/bin/env bash
# The same bytes for any number of threads.
. "$(dirname "$0")/lib.sh"

for name in plant normal; do
    capture=$captures/$name.pcap
    "$TIERWATCH" decode -q "$capture" >"$work/decode-1"
    replay --events "$work/events-1" "$capture" >"$work/alerts-1"
    [ -s "$work/decode-1" ] && [ -s "$work/events-1" ]
    is $? 0 "$name: one thread decodes"
    for threads in 0 2 3 4 5 6 7 8; do
        "$TIERWATCH" decode -q --threads $threads "$capture" >"$work/decode"
        same "$work/decode-1" "$work/decode" "$name: decode with $threads threads"
        replay --threads $threads --events "$work/events" "$capture" >"$work/alerts"
        same "$work/alerts-1" "$work/alerts" "$name: alerts with $threads threads"
        same "$work/events-1" "$work/events" "$name: events with $threads threads"
    done
done
exits 2 "a number of threads is a number" "$TIERWATCH" decode --threads two "$plant"
exits 2 "and not negative" "$TIERWATCH" decode --threads -1 "$plant"
finish
