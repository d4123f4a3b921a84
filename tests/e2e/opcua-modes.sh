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
for case in sign sign-aes128 sign-aes256; do
    decode "$modes/$case.pcap" >"$work/signed.events"
    form <"$work/signed.events" >"$work/$case"
    same "$work/none" "$work/$case" "None and $case give the same events"
    is "$(count '"security_mode":"Sign"' "$work/signed.events")" 27 "$case: they say how they were protected"
done
is "$(wc -l <"$work/none")" 30 "every step of the session is an event"
is "$(count '"action": "write"' "$work/none")" 3 "three writes"
is "$(count '"chunks": 2' "$work/none")" 2 "two answers in several chunks"

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
    decode --threads 4 "$capture" >"$work/threads"
    same "$work/blind" "$work/threads" "$case without keys: whatever the number of workers"
    check "$case without keys: there are some" grep -q '"encrypted":true' "$work/blind"
    is "$(count '"value"' "$work/blind")" 0 "$case without keys: no value"
    # All 24 requests and their answers are told; in pairs until the client lets several wait (Publish), and at the
    # end. What the keys say of who answers whom bears every pair out.
    is "$(count '[{,]"request_bytes"' "$work/blind")" 24 "$case without keys: every request"
    is "$(count '[{,]"response_bytes"' "$work/blind")" 24 "$case without keys: every answer"
    jq -c 'select(.request_packet) | [.request_packet, .packet]' "$work/events" >"$work/pairs"
    jq -c 'select(.opcua.response_ms) | [.request_packet, .packet]' "$work/blind" >"$work/guessed"
    is "$(wc -l <"$work/guessed")" 9 "$case without keys: pairs where they are certain"
    is "$(grep -cvxFf "$work/pairs" "$work/guessed")" 0 "$case without keys: the keys bear them out"
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

# The keys of one side under the name of the other are no keys, nor are those of another channel or token.
swap='s/^client_/c_/; s/^server_/client_/; s/^c_/server_/'
for case in $sealed; do
    decode "$modes/$case.pcap" >"$work/blind"
    sed "$swap" "$modes/$case.keys" >"$work/swapped.keys"
    sed -E 's/_([0-9]+)_([0-9]+):/_1\1_\2:/' "$modes/$case.keys" >"$work/channel.keys"
    sed -E 's/_([0-9]+)_([0-9]+):/_\1_9\2:/' "$modes/$case.keys" >"$work/token.keys"
    for wrong in swapped channel token; do
        decode --opcua-keys "$work/$wrong.keys" --summary "$work/summary" "$modes/$case.pcap" >"$work/wrong" 2>/dev/null
        same "$work/blind" "$work/wrong" "$case, $wrong keys: the same as without"
        check "$case, $wrong keys: nothing decrypted" jq -e '.opcua.decrypted == null' "$work/summary"
    done
    decode --opcua-keys "$modes/$case.keys" --summary "$work/summary" "$modes/$case.pcap" >"$work/out"
    # Two tokens, two directions.
    check "$case: each set of keys was confirmed" jq -e \
        '.opcua.keys_confirmed_by_padding + .opcua.keys_confirmed_by_message == 4' "$work/summary"
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
# A log that was cut short: what is missing, and no guess at the rest.
head -c -20 "$modes/aes128.keys" >"$work/short.keys"
exits 3 "a key log that was cut short" "$TIERWATCH" decode --opcua-keys "$work/short.keys" "$modes/aes128.pcap"
like "$(cat "$work/err")" 'channel 1, token [0-9]+: server_siglen is missing' "it says what is missing"
# Those of a policy that is not decrypted are named, and the rest is used.
{
    cat "$modes/aes128.keys"
    for side in client server; do
        printf '%s_iv_5_9: 00112233445566778899aabb\n%s_key_5_9: %s\n%s_siglen_5_9: 16\n' $side $side "$secret" $side
    done
} >"$work/aead.keys"
exits 0 "a key log with keys of AES-GCM" "$TIERWATCH" decode --opcua-keys "$work/aead.keys" "$modes/aes128.pcap"
like "$(cat "$work/err")" 'aead.keys:13:1: .*channel 5, token 9: not used: keys of a policy with AES-GCM' "it says whose"
form <"$work/out" >"$work/aead"
same "$work/none" "$work/aead" "the other keys are used"
exits 3 "a key log that is not there" "$TIERWATCH" decode --opcua-keys "$work/none.keys" "$modes/aes128.pcap"
like "$(cat "$work/err")" 'none.keys: No such file or directory' "it says so"
decode -v --opcua-keys "$modes/aes128.keys" "$modes/aes128.pcap" >"$work/out" 2>"$work/err"
unlike "$(cat "$work/err" "$work/out")" "${secret:0:16}" "no key in events or messages"
for case in $sealed; do
    grep -oiE '[0-9a-f]{24,}' "$modes/$case.keys" >"$work/secrets"
    "$TIERWATCH" replay -v --rules "$rules" --opcua-keys "$modes/$case.keys" --alerts "$work/alerts" --events "$work/replayed" \
        --summary "$work/summary" --ledger "$work/ledger-$case" "$modes/$case.pcap" >"$work/out" 2>"$work/err"
    is "$(cat "$work/secrets" "$work/secrets" | wc -l)" 16 "$case: four keys and four vectors, twice"
    is "$(grep -rciFf "$work/secrets" "$work/alerts" "$work/replayed" "$work/summary" "$work/ledger-$case" \
        "$work/out" "$work/err" | grep -cv ':0$')" 0 "$case: none of them in events, alerts, summary, ledger or log"
    check "$case: there were events" grep -q '"action":"write"' "$work/replayed"
done

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
