#!/usr/bin/env bash
# Whatever the rate, every packet that was sent is one that was received or one that was dropped. The gateway has
# CAP_NET_RAW and nothing else, and a namespace of its own; the interface at the other end counts what is sent.
. "$(dirname "$0")/lib.sh"
for tool in tcpreplay ip nsenter setpriv unshare; do
    command -v $tool >/dev/null || skip "$tool is not installed"
done
unshare -n true 2>/dev/null || skip "no right to make a network namespace"

load() { # NAME OPTION...
    local name=$1
    shift
    tests/bench/loss.sh --table --capture "$plant" --inventory "$inventory" "$@" >"$work/$name" 2>"$work/$name.err" ||
        fail "$name: the gateway runs" "$(cat "$work/$name.err")"
}
accounted() { # NAME RATE
    read -r _ _ sent received dropped <<<"$(grep "^$2 " "$work/$1")"
    is "$((received + dropped))" "$sent" "$1: at $2 received and dropped are what was sent"
}

packets=$(tcpdump -r "$plant" --count 2>/dev/null | grep -o '^[0-9]*')
load rising --rates '2000 20000 100000 top'
for rate in 2000 20000 100000 top; do
    accounted rising $rate
    is "$sent" "$packets" "rising: at $rate the whole capture was sent"
done
load threads --threads 2 --rates '20000 top'
accounted threads 20000
accounted threads top
# A ring that holds less than comes in while nobody looks.
load small --ring 1 --rates held
accounted small held
is "$((dropped > 0 && received > 0))" 1 "small: some were dropped, some were not"
finish
