#!/usr/bin/env bash
# What people and scripts expect of every command: help, full disks, Ctrl-C, words in the right place.
. "$(dirname "$0")/lib.sh"

# Help of a group, and the nearest command.
for group in rules inventory ledger; do
    for option in -h --help help; do
        exits 0 "$group $option" "$TIERWATCH" $group $option
        like "$(cat "$work/out")" "Usage: tierwatch $group" "$group $option: on standard output"
    done
    exits 0 "$group -V" "$TIERWATCH" $group -V
done
exits 2 "a misspelt command" "$TIERWATCH" repaly x.pcap
like "$(cat "$work/err")" "did you mean 'replay'" "the nearest one is suggested"
exits 2 "a misspelt second word" "$TIERWATCH" rules chekc
like "$(cat "$work/err")" "did you mean 'rules check'" "the nearest one is suggested"

# A full disk is never taken for a short answer.
for command in --help --version fields 'fields --json' 'rules schema' 'inventory schema' "rules list $rules" \
    "rules check $rules" "inventory check $inventory" 'replay --dump-config x' "decode -q $normal"; do
    # shellcheck disable=SC2086
    exits 1 "full disk: $command" sh -c "exec '$TIERWATCH' $command >/dev/full"
    like "$(cat "$work/err")" 'No space left' "and why"
done

# The same options everywhere.
exits 0 "rules check --rules" "$TIERWATCH" rules check --rules "$rules" --log-level warn -v
exits 0 "rules list --rules" "$TIERWATCH" rules list --json --rules "$rules"
check "is JSON" jq -e 'length > 10' "$work/out"
exits 0 "inventory check --inventory" "$TIERWATCH" inventory check --inventory "$inventory"
exits 2 "no inventory at all" "$TIERWATCH" inventory check
exits 3 "rules of a configuration that is not there" "$TIERWATCH" rules list -c "$work/nowhere.yaml"
exits 4 "rules list --json of rules that are not there" "$TIERWATCH" rules list --json "$work/nowhere"
check "tells it as JSON" jq -e '.[0].severity == "error"' "$work/out"

exits 4 "no rules anywhere" sh -c "cd '$work' && exec '$TIERWATCH' replay '$normal'"
[ -d /usr/share/tierwatch/rules ] || [ -d /usr/local/share/tierwatch/rules ] ||
    like "$(cat "$work/err")" 'name them with --rules' "says what to do"

# --set null takes a key back.
printf 'log: {file: %s/gateway.log, level: debug}\n' "$work" >"$work/gw.yaml"
exits 0 "--set null" "$TIERWATCH" run -c "$work/gw.yaml" --set log.file=null --set log.level=null --dump-config
like "$(cat "$work/out")" 'level: "info"' "puts the default back"
like "$(cat "$work/out")" 'file: null' "or nothing"

# A filter of the configuration holds for a replay too.
exits 0 "a filter of the configuration" "$TIERWATCH" replay -q --rules "$rules" --set 'filter=tcp port 1' --events - "$plant"
is "$(wc -c <"$work/out")" 0 "is applied"

# What the configuration says of the log.
exits 1 "a check of a broker that is away" "$TIERWATCH" run -c "$work/gw.yaml" --rules "$rules" --test --play "$normal" \
    --set broker.host=127.0.0.1 --set broker.port=1
like "$(cat "$work/err")" '127\.0\.0\.1:1 can not be used' "says which"
exits 5 "a check tells everything at once" "$TIERWATCH" run --rules "$rules" --test -i nosuch0 \
    --set broker.host=127.0.0.1 --set broker.port=1
like "$(cat "$work/err")" 'nosuch0.*127\.0\.0\.1:1 can not be used' "interface and broker"
"$TIERWATCH" run -c "$work/gw.yaml" --rules "$rules" --play "$normal" --set broker.host=127.0.0.1 \
    --set broker.port=1 >"$work/out" 2>"$work/err" &
gateway=$!
pids+=("$gateway")
wait_for 10 grep -q 'trying again' "$work/gateway.log"
like "$(cat "$work/gateway.log")" 'can not be used: .*trying again' "a broker that is away is in the log while it runs"
unlike "$(cat "$work/err")" 'watching' "and not on standard error"
stop "$gateway" TERM
is $? 1 "SIGTERM ends it in good order; without a ledger, what was not delivered is a failure"
like "$(tail -n 1 "$work/gateway.log")" 'stopped: [0-9]+ packets' "it says so"

# Ctrl-C while a pipe is silent.
mkfifo "$work/pipe"
"$TIERWATCH" decode - <"$work/pipe" >"$work/out" 2>"$work/err" &
decoder=$!
pids+=("$decoder")
exec 4>"$work/pipe"
cat "$normal" >&4
sleep 0.5
begin=$SECONDS
stop "$decoder" INT
is $? 0 "Ctrl-C while a pipe is silent"
exec 4>&-
is $((SECONDS - begin < 5)) 1 "does not wait for its next packet"
is "$(wc -l <"$work/out")" "$("$TIERWATCH" decode -q "$normal" | wc -l)" "all before is printed"
unlike "$(cat "$work/err")" 'damaged|cut' "and nothing is called damaged"

# One listing on standard output.
exits 0 "--events -" "$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" --events - "$plant"
is "$(grep -c '"schema"' "$work/out")" 0 "then alerts are not listed there"
exits 0 "--summary -" "$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" --summary - "$plant"
check "is JSON" jq -e '.alerts.total > 10' "$work/out"
exits 2 "two listings on standard output" "$TIERWATCH" replay --rules "$rules" --alerts - --events - "$plant"

# Every damaged file is named.
head -c 100000 "$normal" >"$work/one.pcap"
head -c 200000 "$normal" >"$work/two.pcap"
exits 6 "two damaged files" "$TIERWATCH" decode "$work/one.pcap" "$work/two.pcap"
like "$(cat "$work/err")" 'one\.pcap is damaged' "the first is named"
like "$(cat "$work/err")" 'two\.pcap is damaged' "so is the second"

# Packets that are not read.
printf '\x69' | dd of="$work/one.pcap" bs=1 seek=20 conv=notrunc 2>/dev/null
exits 6 "a link type that is not read" "$TIERWATCH" decode "$work/one.pcap"
like "$(cat "$work/err")" 'link type IEEE802_11 \(105\)' "is named"

# Installed under any prefix, the program finds the rules that came with it.
install -D "$TIERWATCH" "$work/opt/bin/tierwatch"
install -D -m 644 "$rules/prv.yaml" "$work/opt/share/tierwatch/rules/prv.yaml"
install -D -m 644 "$rules/lists/safety-words.txt" "$work/opt/share/tierwatch/rules/lists/safety-words.txt"
exits 0 "rules beside the installed program" env -C "$work" "$work/opt/bin/tierwatch" rules check
like "$(cat "$work/out")" "^$(grep -c '^  - id:' "$rules/prv.yaml") rules" "are the default"

# Progress and table are for terminals; colour is for nobody.
if command -v script >/dev/null; then
    cat >"$work/terminal" <<EOF
exec "$TIERWATCH" replay --inventory "$inventory" --rules "$rules" "$plant"
EOF
    script -qec "sh $work/terminal" "$work/typescript" </dev/null >/dev/null
    like "$(cat "$work/typescript")" 'high +[0-9]+ ' "a terminal gets a table"
    unlike "$(cat "$work/typescript")" '"schema"' "and no JSON"
    unlike "$(cat "$work/typescript")" $'\033\[[0-9;]+m' "without colour"
fi
finish
