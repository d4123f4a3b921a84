# shellcheck shell=bash
# For the end-to-end tests: TAP, a folder of its own for each, nothing left behind. Sourced.
#
#   check NAME COMMAND...     ok when the command succeeds; its output is shown when it does not
#   is GOT WANT NAME          equal strings
#   like TEXT REGEX NAME      extended regular expression
#   exits CODE NAME COMMAND...  the exit status; output is kept in $work/out and $work/err
#   skip REASON; finish       end

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
TIERWATCH=$(realpath "${TIERWATCH:-build/tierwatch}")
export TIERWATCH
[ -x "$TIERWATCH" ] || { echo "Bail out! there is no $TIERWATCH"; exit 1; }
e2e=$PWD/tests/e2e captures=$PWD/tests/lab/captures
plant=$captures/plant.pcap normal=$captures/normal.pcap inventory=$captures/inventory.yaml
# Found in any folder that the tests change to.
rules=$PWD/rules
work=$(mktemp -d "${TMPDIR:-/tmp}/tierwatch-e2e-XXXXXX")
failed=0
pids=()
unset NO_COLOR TW_DEBUG

leave() {
    local pid
    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 1' INT TERM

# To the test's own output, also where that of a command is redirected.
exec 3>&1
pass() { echo "ok - $1" >&3; }

fail() { # NAME [DETAIL]...
    echo "not ok - $1" >&3
    failed=1
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | head -n 20 | cut -c -600 | sed 's/^/# /' >&3
}

is() {
    if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:    $1" "wanted: $2"; fi
}

like() {
    if [[ $1 =~ $2 ]]; then pass "$3"; else fail "$3" "got:    $1" "wanted: /$2/"; fi
}

unlike() {
    if [[ $1 =~ $2 ]]; then fail "$3" "got:        $1" "not wanted: /$2/"; else pass "$3"; fi
}

check() {
    local name=$1
    shift
    if "$@" >"$work/check" 2>&1; then pass "$name"; else fail "$name" "$(cat "$work/check")"; fi
}

exits() {
    local want=$1 name=$2 got
    shift 2
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got -eq "$want" ]; then
        pass "$name"
    else
        fail "$name" "exit $got, wanted $want: $*" "$(tail -n 8 "$work/err")"
    fi
}

same() { # FILE FILE NAME
    if cmp -s "$1" "$2"; then
        pass "$3"
    else
        fail "$3" "$(cmp "$1" "$2" 2>&1)" "$(diff "$1" "$2" 2>&1 | head -n 6)"
    fi
}

# Output of a helper that prints TAP itself; a crash of it is a failure.
tap() {
    "$@"
    local code=$?
    [ $code -eq 0 ] || failed=1
    [ $code -le 1 ] || echo "not ok - $(basename "${2:-$1}") ended with $code"
}

skip() {
    echo "ok - skipped # SKIP $1"
    exit 0
}

finish() {
    exit $failed
}

replay() { # CAPTURE [OPTION]...: alerts of a capture of the lab, as JSON lines
    "$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" "$@"
}

busy() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

wait_for() { # SECONDS COMMAND...: until it succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

# A broker on 127.0.0.1:$1; extra configuration lines follow. Its pid is in $broker_pid.
start_broker() {
    local port=$1 mosquitto
    shift
    mosquitto=$(command -v mosquitto || echo /usr/sbin/mosquitto)
    printf '%s\n' "listener $port 127.0.0.1" "max_queued_messages 0" "log_dest file $work/broker-$port.log" \
        "$@" >"$work/broker-$port.conf"
    [ "$(id -u)" -ne 0 ] || echo 'user root' >>"$work/broker-$port.conf"
    "$mosquitto" -c "$work/broker-$port.conf" >/dev/null 2>&1 &
    broker_pid=$!
    pids+=("$broker_pid")
    wait_for 10 busy "$port" || fail "the broker starts" "$(cat "$work/broker-$port.log")"
}

stop() { # PID [SIGNAL]: and wait for it; its exit status
    kill "-${2:-TERM}" "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}
