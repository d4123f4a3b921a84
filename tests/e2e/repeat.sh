#!/usr/bin/env bash
# The same replay, elsewhere on the globe and in another folder: the same bytes.
. "$(dirname "$0")/lib.sh"

once() { # NAME CAPTURE [VARIABLE=VALUE]...: alerts, events, summary and ledger of one replay
    local name=$1 capture=$2
    shift 2
    env "$@" "$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" --alerts "$work/$name.alerts" \
        --events "$work/$name.events" --ledger "$work/$name.ledger" --summary "$work/$name.summary" "$capture"
    is $? 0 "replay $name $*"
}

once first "$plant"
[ -s "$work/first.alerts" ] && [ -s "$work/first.ledger" ]
is $? 0 "there is something to compare"
once second "$plant" TZ=Asia/Tokyo LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8
mkdir "$work/elsewhere"
cp "$plant" "$work/elsewhere/"
pushd "$work/elsewhere" >/dev/null || exit 1
once third plant.pcap TZ=America/St_Johns LC_ALL=tr_TR.UTF-8
popd >/dev/null || exit 1
for what in alerts events ledger summary; do
    same "$work/first.$what" "$work/second.$what" "$what in another time zone and locale"
    same "$work/first.$what" "$work/third.$what" "$what from another folder"
done
same <(replay "$plant") "$work/first.alerts" "standard output has the same alerts as --alerts"
finish
