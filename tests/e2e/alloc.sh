#!/usr/bin/env bash
# Between start-up and shutdown our own code does not allocate: ten times the packets, the same calls.
. "$(dirname "$0")/lib.sh"

if nm -D "$TIERWATCH" 2>/dev/null | grep -qE '__(asan|tsan)_init'; then
    skip "a sanitizer has its own allocator"
fi
check "the counter is built" "${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -O1 -fPIC -shared -Wall -Wextra -o "$work/count.so" \
    tests/fault/alloc_count.c

counted() { # FILE COMMAND...
    local file=$1
    shift
    ALLOC_COUNT=$file LD_PRELOAD=$work/count.so "$@" >/dev/null 2>"$work/err"
    is $? 0 "$(basename "$file"): $(basename "$1") $2"
    [ -s "$file" ]
    is $? 0 "$(basename "$file"): calls were counted"
}

# Places that allocated more often for the long capture. Buffers that double now and then are fine.
compare() { # NAME SHORT LONG GROWTH
    local more
    more=$(awk -v most="$4" 'NR == FNR {few[$1] = $2; next} $2 - few[$1] > most {print $1, few[$1] + 0, $2}' "$2" "$3")
    if [ -z "$more" ]; then
        pass "$1"
    else
        fail "$1" "$(while read -r at few many; do
            echo "$few calls became $many: $(addr2line -fe "$TIERWATCH" "$at" 2>/dev/null | tr '\n' ' ')"
        done <<<"$more")"
    fi
}

python3 "$e2e/capture_tools.py" chain "$plant" "$work/1.pcap" 1 5
python3 "$e2e/capture_tools.py" chain "$plant" "$work/10.pcap" 10 5
for threads in 1 3; do
    for times in 1 10; do
        counted "$work/decode-$threads-$times" "$TIERWATCH" decode -q --threads $threads "$work/$times.pcap"
        counted "$work/replay-$threads-$times" "$TIERWATCH" replay -q --threads $threads --inventory "$inventory" \
            --rules "$rules" "$work/$times.pcap"
    done
    compare "decode with $threads thread(s)" "$work/decode-$threads-1" "$work/decode-$threads-10" 4
    compare "replay with $threads thread(s)" "$work/replay-$threads-1" "$work/replay-$threads-10" 4
done

# That it would be noticed: a start-up with more to load allocates more.
counted "$work/bare" "$TIERWATCH" replay -q --rules "$rules" "$work/1.pcap"
[ -n "$(awk 'NR == FNR {few[$1] = $2; next} $2 - few[$1] > 4' "$work/bare" "$work/replay-1-1")" ]
is $? 0 "the counter sees what is allocated"
finish
