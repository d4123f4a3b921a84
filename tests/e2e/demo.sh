#!/usr/bin/env bash
# `make run`: alerts within a minute, and nothing left behind.
. "$(dirname "$0")/lib.sh"

command -v mosquitto_sub >/dev/null || skip "mosquitto-clients is not installed"

# As from a terminal: a process group of its own, Ctrl-C reaches all of it and is not ignored.
demo() { # NAME [VARIABLE=VALUE]...
    local name=$1
    shift
    mkdir -p "$work/$name"
    env TMPDIR="$work/$name" "$@" python3 -c '
import os, signal, sys
os.setsid()
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' deploy/demo/run.sh >"$work/$name.out" 2>&1 </dev/null &
    demo_pid=$!
    pids+=("$demo_pid")
}
left_over() { # NAME PORT
    pgrep -af -- "$work/$1/|broker\.port=$2( |$)|-p $2( |$)" | grep -v pgrep
}

# A port that somebody asked for, and the usual one while it is taken.
busy 1883 || {
    python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 1883))
time.sleep(300)' &
    pids+=($!)
    wait_for 5 busy 1883
}
port=$(free_port)
web_port=$(free_port)
demo asked PORT="$port" WEB_PORT="$web_port"
asked=$demo_pid
demo other WEB_PORT="$(free_port)"
other=$demo_pid
wait_for 10 busy "$port"
is $? 0 "a broker listens on the port that was asked for"
wait_for 10 grep -q 'on port [0-9]' "$work/other.out"
like "$(cat "$work/other.out")" 'Port 1883 is in use' "where the usual port is taken, it says so"
other_port=$(grep -oE 'on port [0-9]+' "$work/other.out" | head -n 1 | grep -oE '[0-9]+')
wait_for 10 busy "$other_port"
is $? 0 "and takes another, $other_port"
wait_for 5 grep -q "mosquitto_sub -h 127.0.0.1 -p $port -t 'tierwatch/#'" "$work/asked.out"
is $? 0 "it tells how to see the alerts"
if [ -e build/dashboard/index.html ]; then
    wait_for 5 grep -q "http://127.0.0.1:$web_port/" "$work/asked.out"
    is $? 0 "it tells where the dashboard is"
    wait_for 10 busy "$web_port"
    python3 -c 'import sys, urllib.request
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], timeout=10).read())' \
        "http://127.0.0.1:$web_port/" >"$work/page"
    same build/dashboard/index.html "$work/page" "which is served there"
    is "$(ss -Hltn "sport = :$web_port" | awk '{print $4}')" "127.0.0.1:$web_port" "on loopback only"
fi
mosquitto_sub -h 127.0.0.1 -p "$port" -t 'tierwatch/+/+/+/alert/#' -C 1 -W 60 >"$work/alert" 2>/dev/null &
first=$!
mosquitto_sub -h 127.0.0.1 -p "$other_port" -t 'tierwatch/+/+/+/alert/#' -C 1 -W 60 >"$work/alert2" 2>/dev/null &
second=$!
wait "$first"
is "$(jq -r .schema "$work/alert")" tierwatch.alert/1 "an alert arrives within a minute"
wait "$second"
is "$(jq -r .schema "$work/alert2")" tierwatch.alert/1 "also on the other port"
wait_for 5 grep -q "$(jq -r .rule.id "$work/alert")" "$work/asked.out"
is $? 0 "it is shown in the terminal too"
busy "$port"
is $? 0 "the broker is still there"
exits 1 "a port that was asked for and is taken" env PORT="$port" TMPDIR="$work" deploy/demo/run.sh
like "$(cat "$work/err")" "$port is in use" "is said"

kill -INT -- "-$asked"
kill -INT -- "-$other"
start=$SECONDS
wait "$asked"
is $? 0 "Ctrl-C ends it"
wait "$other"
[ $((SECONDS - start)) -le 10 ]
is $? 0 "within ten seconds"
is "$(left_over asked "$port")$(left_over other "$other_port")" "" "no process is left"
! busy "$port" && ! busy "$other_port"
is $? 0 "no port"
is "$(find "$work/asked" "$work/other" -mindepth 1)" "" "no file"
finish
