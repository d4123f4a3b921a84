#!/usr/bin/env bash
# `make run`: a broker on loopback, the bundled plant as if it were live, alerts on the broker until
# Ctrl-C. Leaves no process, port or file behind.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
broker_pid='' watch_pid='' shown_pid=''
clean() {
    trap - EXIT
    trap '' INT TERM # a second Ctrl-C must not leave the broker behind
    # The watch first: its last words still reach the broker.
    for pid in $watch_pid $shown_pid $broker_pid; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean EXIT
trap 'echo; echo "Stopping."; exit 0' INT TERM

busy() { (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; }

port=${PORT:-1883}
if busy "$port"; then
    if [ -n "${PORT:-}" ]; then
        echo "Port $port is in use. Choose another: PORT=1884 make run" >&2
        exit 1
    fi
    for port in 1884 1885 1886 11883; do
        busy "$port" || break
    done
    echo "Port 1883 is in use (another broker?), so this one is on port $port."
fi

# The page, and the WebSocket that it listens to: only where it was built.
web_port=''
if [ -e build/dashboard/index.html ]; then
    for web_port in ${WEB_PORT:-9001 9002 9003 9004 19001}; do
        busy "$web_port" || break
    done
    if busy "$web_port"; then
        echo "Port $web_port is in use, so there is no dashboard. Choose another: WEB_PORT=9100 make run" >&2
        web_port=''
    fi
fi

mosquitto=$(command -v mosquitto || echo /usr/sbin/mosquitto)
# One user may do everything here: the broker listens on loopback and lives as long as the demo. A browser may
# only read, because a broker takes WebSockets from pages of any origin.
printf '%s\n' 'per_listener_settings true' 'max_queued_messages 0' "log_dest file $work/broker.log" \
    "listener $port 127.0.0.1" 'allow_anonymous true' >"$work/mosquitto.conf"
if [ -n "$web_port" ]; then
    echo 'topic read tierwatch/#' >"$work/read-only"
    # Without socket_domain a WebSocket listener is bound to every interface, whatever its address.
    printf '%s\n' "listener $web_port 127.0.0.1" 'protocol websockets' 'socket_domain ipv4' 'allow_anonymous true' \
        "acl_file $work/read-only" "http_dir $PWD/build/dashboard" >>"$work/mosquitto.conf"
fi
[ "$(id -u)" -ne 0 ] || echo 'user root' >>"$work/mosquitto.conf"
# In a session of its own: Ctrl-C must not reach the broker before the last alerts have.
setsid "$mosquitto" -c "$work/mosquitto.conf" 2>>"$work/broker.log" &
broker_pid=$!
for _ in $(seq 50); do
    busy "$port" && break
    kill -0 "$broker_pid" 2>/dev/null || { cat "$work/broker.log" >&2; exit 1; }
    sleep 0.1
done

[ -z "$web_port" ] || printf '\n  The dashboard is at http://127.0.0.1:%s/\n' "$web_port"
cat <<TEXT

  A broker is on 127.0.0.1:$port. In another terminal, see the alerts arrive:

      mosquitto_sub -h 127.0.0.1 -p $port -t 'tierwatch/#' -v

  or only what is high or critical, one line each:

      dashboards/terminal.sh -p $port -s high

  The plant works undisturbed for half a minute, then things happen. It begins again at its end.
  Ctrl-C stops everything.

TEXT

# Show here what a subscriber sees.
setsid dashboards/terminal.sh -p "$port" 2>/dev/null &
shown_pid=$!

while true; do
    build/tierwatch run -c deploy/demo/tierwatch.yaml --set broker.port="$port" \
        --play tests/lab/captures/plant.pcap &
    watch_pid=$!
    wait "$watch_pid"
done
