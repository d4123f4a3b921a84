#!/usr/bin/env bash
# The same MQTT session over TCP, WebSocket, and WebSocket with permessage-deflate gives the same events.
# tests/lab/mqtt-transports makes the captures.
. "$(dirname "$0")/lib.sh"
transports=$captures/mqtt-transports

form() { python3 "$e2e/mqtt_transports_form.py"; }
decode() { "$TIERWATCH" decode -q "$@"; }
count() { grep -c "$1" "$2"; }

decode "$transports/tcp.pcap" >"$work/tcp.events"
form <"$work/tcp.events" >"$work/tcp"
is "$(count '"action": "publish"' "$work/tcp")" 48 "every publish and its leaves"
is "$(count '"action": "deliver"' "$work/tcp")" 4 "every message that came back"
is "$(count '"transport"' "$work/tcp.events")" 0 "TCP is not said"

for case in ws ws-deflate; do
    decode "$transports/$case.pcap" >"$work/events"
    form <"$work/events" >"$work/$case"
    same "$work/tcp" "$work/$case" "$case gives the same events as TCP"
    is "$(grep -vc '"transport":"websocket"' "$work/events")" 0 "$case: each says so"
    decode --threads 4 "$transports/$case.pcap" >"$work/threads"
    same "$work/events" "$work/threads" "$case: whatever the number of workers"
done
is "$(count '"deflate":true' "$work/events")" 1 "that messages were compressed is said with CONNECT"
finish
