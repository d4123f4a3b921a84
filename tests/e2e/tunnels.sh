#!/usr/bin/env bash
# What a mirror wraps packets in changes nothing about what is seen in them, but that it is told.
. "$(dirname "$0")/lib.sh"

declare -A told=(
    [gre]='{"kind":"gre","src":"192.0.2.1","dst":"192.0.2.2","id":4711}'
    [erspan2]='{"kind":"erspan","src":"192.0.2.1","dst":"192.0.2.2","id":711}'
    [erspan3]='{"kind":"erspan","src":"192.0.2.1","dst":"192.0.2.2","id":711}'
    [vxlan]='{"kind":"vxlan","src":"192.0.2.1","dst":"192.0.2.2","id":4711}'
    [geneve]='{"kind":"geneve","src":"192.0.2.1","dst":"192.0.2.2","id":4711}'
    [mpls]='{"kind":"mpls","id":4711}')
wrap() { python3 "$e2e/capture_tools.py" wrap "$1" "$work/wrapped.pcap" "$2"; }

for kind in gre erspan2 erspan3 vxlan geneve mpls; do
    wrap "$plant" "$kind"
    "$TIERWATCH" decode -q "$plant" >"$work/bare"
    "$TIERWATCH" decode -q "$work/wrapped.pcap" >"$work/inner"
    jq -c 'del(.tunnel)' "$work/inner" >"$work/inner.plain"
    jq -c . "$work/bare" >"$work/bare.plain"
    same "$work/bare.plain" "$work/inner.plain" "$kind: the same $(wc -l <"$work/bare") actions"
    is "$(jq -c .tunnel "$work/inner" | sort | uniq -c | awk '{print $1, $2}')" "$(wc -l <"$work/bare") ${told[$kind]}" \
        "$kind: each with its tunnel"
done
kinds=(gre erspan2 erspan3 vxlan geneve mpls)
n=0
for capture in "$captures"/{sparkplug,mqtt-transports,mcp,opcua-modes}/*.pcap; do
    name=$(basename "$(dirname "$capture")")/$(basename "$capture")
    kind=${kinds[n++ % 6]}
    python3 "$e2e/capture_tools.py" wrap "$capture" "$work/wrapped.pcap" "$kind" || continue
    "$TIERWATCH" decode -q "$capture" | jq -c . >"$work/bare"
    "$TIERWATCH" decode -q --threads 3 "$work/wrapped.pcap" | jq -c 'del(.tunnel)' >"$work/inner"
    same "$work/bare" "$work/inner" "$name in $kind: the same actions"
done

# Alerts as well; what a stranger sends in a tunnel does not get among what came without one.
wrap "$plant" vxlan
alerts() { replay "$1" | jq -c 'del(.evidence.capture, .evidence.sha256)'; }
alerts "$plant" >"$work/bare"
alerts "$work/wrapped.pcap" >"$work/inner"
same "$work/bare" "$work/inner" "the same alerts"
"$TIERWATCH" decode -q "$plant" "$work/wrapped.pcap" | jq -c 'select(.tunnel | not) | del(.packet, .request_packet)' >"$work/beside"
"$TIERWATCH" decode -q "$plant" | jq -c 'del(.packet, .request_packet)' >"$work/bare"
same <(sort "$work/bare") <(sort "$work/beside") "flows in and outside tunnels are kept apart"
finish
