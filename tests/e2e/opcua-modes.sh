#!/usr/bin/env bash
# The same OPC UA session with None, Sign and SignAndEncrypt: with keys all give the same events, without
# keys what is encrypted stays so and says so. tests/lab/opcua-modes makes the captures.
. "$(dirname "$0")/lib.sh"
modes=$captures/opcua-modes
sealed='basic256sha256 aes128 aes256'

form() { python3 "$e2e/opcua_modes_form.py"; }
decode() { "$TIERWATCH" decode -q "$@"; }
count() { grep -c "$1" "$2"; }

decode "$modes/none.pcap" >"$work/none.events"
form <"$work/none.events" >"$work/none"
decode "$modes/sign.pcap" | form >"$work/sign"
is "$(wc -l <"$work/none")" 30 "every step of the session is an event"
is "$(count '"action": "write"' "$work/none")" 3 "three writes"
is "$(count '"chunks": 2' "$work/none")" 2 "two answers in several chunks"
same "$work/none" "$work/sign" "None and Sign give the same events"

for case in $sealed; do
    keys=$modes/$case.keys capture=$modes/$case.pcap
    decode --opcua-keys "$keys" "$capture" >"$work/events"
    form <"$work/events" >"$work/$case"
    same "$work/none" "$work/$case" "None and $case with keys give the same events"
    is "$(count '"security_mode":"SignAndEncrypt"' "$work/events")" 27 "$case: they say how they were protected"
    decode --threads 4 --opcua-keys "$keys" "$capture" >"$work/threads"
    same "$work/events" "$work/threads" "$case: whatever the number of workers"

    decode "$capture" >"$work/blind"
    is "$(grep -v '"action":"connect"' "$work/blind" | grep -cv '"encrypted":true')" 0 \
        "$case without keys: events are encrypted"
    check "$case without keys: there are some" grep -q '"encrypted":true' "$work/blind"
    is "$(count '"value"' "$work/blind")" 0 "$case without keys: no value"
done

# The key log of one server is no use for the channels of another, though their numbers are the same.
decode --opcua-keys "$modes/aes256.keys" --summary "$work/summary" "$modes/basic256sha256.pcap" >"$work/wrong" 2>/dev/null
decode "$modes/basic256sha256.pcap" >"$work/blind"
same "$work/blind" "$work/wrong" "wrong keys: the same as without"
check "wrong keys are counted" jq -e '.opcua.wrong_keys > 0 and .opcua.decrypted == null' "$work/summary"
cat "$modes"/aes128.keys "$modes"/aes256.keys "$modes"/basic256sha256.keys >"$work/all.keys"
for case in $sealed; do
    decode --opcua-keys "$work/all.keys" "$modes/$case.pcap" | form >"$work/out"
    same "$work/none" "$work/out" "$case: its keys are found among those of others"
done

# A renewed token whose keys were not logged: readable up to there.
head -n 6 "$modes/aes128.keys" >"$work/first.keys"
decode --opcua-keys "$work/first.keys" "$modes/aes128.pcap" | form >"$work/first"
lines=$(grep -n '"action": "secure"' "$work/none" | tail -n 1 | cut -d: -f1)
head -n $((lines - 1)) "$work/none" >"$work/none.begin"
head -n $((lines - 1)) "$work/first" >"$work/first.begin"
same "$work/none.begin" "$work/first.begin" "the first token's keys alone: the same up to the renewal"
# This server answers what was asked before the renewal with the old token.
is "$(sed "1,${lines}d" "$work/first" | grep -cE '"action": "(read|write|unsubscribe)"')" 0 "no request is read after it"
is "$(sed "1,${lines}d" "$work/first" | grep -c '"value": 72')" 1 "answers sealed with the old token are"

replay_events() { # OPTION...: a replay's events in the common form
    "$TIERWATCH" replay -q --rules "$rules" --alerts "$work/alerts" --events "$work/replayed" "$@" 2>"$work/err"
    form <"$work/replayed"
}
replay_events --opcua-keys "$modes/aes256.keys" "$modes/aes256.pcap" >"$work/out"
same "$work/none" "$work/out" "replay takes keys, too"

# Mistakes in a key log: where, and never what it said.
secret=$(sed -n 's/^client_key_[0-9_]*: //p' "$modes/aes128.keys" | head -n 1)
{
    echo '# keys of the boiler'
    echo "clinet_key_1_1: $secret"
    echo "client_key_1_1: ${secret}zz"
    echo "$secret"
} >"$work/bad.keys"
exits 3 "a key log with mistakes" "$TIERWATCH" decode --opcua-keys "$work/bad.keys" "$modes/aes128.pcap"
like "$(cat "$work/err")" 'bad.keys:2:1: no name of a key log' "an unknown name: line and column"
like "$(cat "$work/err")" 'did you mean "client_key"' "and what may have been meant"
like "$(cat "$work/err")" 'bad.keys:3:49: not a hexadecimal digit' "a wrong digit: line and column"
like "$(cat "$work/err")" 'bad.keys:4:1: a line is NAME: VALUE' "a line that is none"
unlike "$(cat "$work/err" "$work/out")" "${secret:0:16}" "no key is shown"
exits 3 "a key log that is not there" "$TIERWATCH" decode --opcua-keys "$work/none.keys" "$modes/aes128.pcap"
like "$(cat "$work/err")" 'none.keys: No such file or directory' "it says so"
decode -v --opcua-keys "$modes/aes128.keys" "$modes/aes128.pcap" >"$work/out" 2>"$work/err"
unlike "$(cat "$work/err" "$work/out")" "${secret:0:16}" "no key in events or messages"

# Killed while it holds keys, it leaves no core; without keys it does, where the system allows it.
dumps() { # OPTION...
    python3 - "$TIERWATCH" decode -q "$@" - <<'PYTHON'
import os, resource, signal, subprocess, sys, tempfile, time
with tempfile.TemporaryDirectory() as folder:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
    time.sleep(0.5)
    child.send_signal(signal.SIGQUIT)
    print(os.WCOREDUMP(os.waitpid(child.pid, 0)[1]))
PYTHON
}
is "$(dumps --opcua-keys "$modes/aes128.keys")" False "keys in memory: no core dump"
[ "$(dumps)" = True ] || echo "# this system leaves no core dumps at all"
finish
