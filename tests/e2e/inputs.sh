#!/usr/bin/env bash
# Forms of captures, several at once, and damaged ones.
. "$(dirname "$0")/lib.sh"

make_capture() { python3 "$e2e/capture_tools.py" "$@" || fail "capture_tools.py $1"; }
decode() { "$TIERWATCH" decode -q "$@"; }
decode "$plant" >"$work/whole"
alerts_of() { replay "$@" | sed -E 's/"evidence":\{"capture":"[^"]*",("sha256":"[0-9a-f]*",)?/"evidence":{/'; }
alerts_of "$plant" >"$work/whole.alerts"

# Formats.
make_capture pcapng "$plant" "$work/plant.pcapng" micro
make_capture swap "$plant" "$work/swapped.pcap"
for file in plant.pcapng swapped.pcap; do
    decode "$work/$file" >"$work/out"
    same "$work/whole" "$work/out" "$file gives the same actions"
done
make_capture nano "$plant" "$work/nano.pcap"
decode "$work/nano.pcap" >"$work/nano"
like "$(head -n 1 "$work/nano")" '"ts":"[^"]*\.[0-9]{9}Z"' "nanoseconds have nine digits"
# Flow ids hold the time of the first packet; times of servers are finer than those of the capture, and so is what
# passes between a request and its answer.
comparable() { sed -E 's/"(source_ts|server_ts|flow)":"[^"]*",//g; s/"response_ms":[0-9.]+,//; s/("[a-z_]*ts":"[^"]*\.[0-9]{6})[0-9]{3}Z/\1Z/g' "$1"; }
comparable "$work/whole" >"$work/want"
comparable "$work/nano" >"$work/got"
same "$work/want" "$work/got" "and the same actions"
make_capture pcapng "$plant" "$work/nano.pcapng" nano
decode "$work/nano.pcapng" >"$work/out"
like "$(head -n 1 "$work/out")" '"ts":"[^"]*\.[0-9]{9}Z"' "pcapng in nanoseconds has nine digits"
alerts_of "$work/nano.pcap" >"$work/out"
like "$(head -n 1 "$work/out")" '"ts":"[^"]*\.[0-9]{9}Z"' "so have alerts"

# Standard input.
decode - <"$plant" >"$work/out"
same "$work/whole" "$work/out" "- is standard input"
cat "$work/plant.pcapng" | decode - >"$work/out"
same "$work/whole" "$work/out" "also from a pipe, also pcapng"
alerts_of - <"$plant" >"$work/out"
same "$work/whole.alerts" "$work/out" "alerts from standard input"

# Several files, merged by time.
make_capture split "$plant" "$work/a.pcap" "$work/b.pcap"
decode "$work/a.pcap" "$work/b.pcap" >"$work/out"
same "$work/whole" "$work/out" "two files are merged by timestamp"
decode "$work/b.pcap" "$work/a.pcap" >"$work/out"
same "$work/whole" "$work/out" "in whatever order they are named"
alerts_of "$work/a.pcap" "$work/b.pcap" >"$work/out"
same "$work/whole.alerts" "$work/out" "with the same alerts"
is "$(replay "$work/a.pcap" "$work/b.pcap" | jq -r .evidence.capture | sort -u | tr '\n' ' ')" "a.pcap b.pcap " \
    "that name the file that holds the packet"
is "$(replay "$work/a.pcap" "$work/b.pcap" | jq -r 'select(.evidence.capture == "a.pcap") | .evidence.sha256' | sort -u)" \
    "$(sha256sum <"$work/a.pcap" | cut -d' ' -f1)" "and its digest"
make_capture halves "$plant" "$work/1.pcap" "$work/2.pcap"
decode "$work/2.pcap" "$work/1.pcap" >"$work/out"
same "$work/whole" "$work/out" "a capture in two parts is one capture"
cat "$work/1.pcap" | decode "$work/2.pcap" - >"$work/out"
same "$work/whole" "$work/out" "one part of it from standard input"
mkdir "$work/folder"
mv "$work/1.pcap" "$work/2.pcap" "$work/folder"
echo 'not a capture' >"$work/folder/README"
decode "$work/folder" >"$work/out"
same "$work/whole" "$work/out" "a folder is its captures"
mkdir "$work/empty"
exits 1 "a folder without captures is a failure" decode "$work/empty"

# Cut short.
size=$(stat -c %s "$plant")
for cut in 24 30 40 100 5000 $((size / 2)) $((size - 1)); do
    make_capture head "$plant" "$work/cut.pcap" "$cut"
    # What is whole: from the record lengths.
    read -r packets offset <<<"$(python3 - "$work/cut.pcap" <<'PY'
import struct, sys
d = open(sys.argv[1], 'rb').read()
at, n = 24, 0
while at + 16 <= len(d):
    length = struct.unpack_from('<I', d, at + 8)[0]
    if at + 16 + length > len(d):
        break
    at, n = at + 16 + length, n + 1
print(n, at)
PY
)"
    want=$([ "$offset" -eq "$cut" ] && echo 0 || echo 6)
    exits "$want" "cut at byte $cut: exit $want" decode "$work/cut.pcap"
    [ "$want" -eq 0 ] || like "$(cat "$work/err")" "cut\.pcap.*packet ($packets|$((packets + 1)))[^0-9].*($offset|$cut)" \
        "cut at byte $cut: the packet ($packets) and the offset ($offset) are named"
    is "$(jq -s "map(select(.packet > $packets)) | length" "$work/out")" 0 "cut at byte $cut: nothing is made up"
    if [ "$packets" -gt 1000 ]; then
        # Requests without their response are told at the end: compare what stands before that.
        jq -c "select(.packet < $packets)" "$work/whole" >"$work/want"
        jq -c "select(.packet < $packets)" "$work/out" >"$work/got"
        same "$work/want" "$work/got" "cut at byte $cut: all before is processed"
    fi
done
exits 6 "6 takes precedence over 20" replay --fail-on info "$work/cut.pcap"
make_capture head "$work/a.pcap" "$work/cut-a.pcap" 200000
exits 6 "one damaged file of two" decode "$work/cut-a.pcap" "$work/b.pcap"
count() { grep -cE '"action":"(write|read|browse|connect)"'; }
is "$(count <"$work/out")" "$(cat <(decode "$work/cut-a.pcap" 2>/dev/null) <(decode "$work/b.pcap") | count)" \
    "both are processed to their ends"
exits 6 "a cut capture from standard input" sh -c "'$TIERWATCH' decode -q - <'$work/cut.pcap'"

# No captures at all.
: >"$work/zero.pcap"
echo 'hello, I am a text file, and long enough to look at' >"$work/text.pcap"
head -c 100000 /dev/urandom >"$work/random.pcap"
for file in zero text random; do
    exits 6 "$file: exit 6" decode "$work/$file.pcap"
    like "$(cat "$work/err")" "$file\.pcap" "$file: it is named"
done
exits 1 "a file that is not there" decode "$work/nowhere.pcap"
like "$(cat "$work/err")" "nowhere\.pcap.*No such file" "is named with the reason"
exits 6 "a good file beside a bad one" decode "$work/text.pcap" "$plant"
same "$work/whole" "$work/out" "is processed"

# Times.
exits 0 "--from and --to" replay --alerts "$work/alerts" --events "$work/events" --from 2026-11-25T23:42:50Z \
    --to 2026-11-25T23:43:00Z "$plant"
is "$(jq -s 'map(select(.ts < "2026-11-25T23:42:50" or .ts > "2026-11-25T23:43:00.000000Z")) | length' "$work/events")" 0 \
    "only packets of that time are looked at"
is "$(jq -s 'length > 100' "$work/events")" true "and all of them are"
exits 0 "the same with a zone" replay --alerts - --from 2026-11-26T00:42:50+01:00 --to 2026-11-26T00:43:00+01:00 "$plant"
same "$work/alerts" "$work/out" "gives the same"
exits 2 "a time that is none" replay --from yesterday "$plant"
finish
