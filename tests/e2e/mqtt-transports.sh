#!/usr/bin/env bash
# The same MQTT session over TCP, WebSocket, WebSocket with permessage-deflate, and TLS with its key log gives the
# same events; why a session can not be decrypted is said. tests/lab/mqtt-transports makes the captures.
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

for keys in "$transports"/*.keys; do
    case=$(basename "$keys" .keys) capture=${keys%.keys}.pcap
    decode --tls-keys "$keys" "$capture" >"$work/events"
    form <"$work/events" >"$work/$case"
    same "$work/tcp" "$work/$case" "$case with keys gives the same events as TCP"
    is "$(grep '"protocol":"mqtt"' "$work/events" | grep -Ec '"transport":"(tls|websocket-tls)"')" 57 "$case: each says so"
    is "$(count clear_password "$work/events")" 0 "$case: no password was in clear"
    is "$(count '"protocol":"tls"' "$work/events")" 2 "$case: the flow is named as well"
    decode --threads 4 --tls-keys "$keys" "$capture" >"$work/threads"
    same "$work/events" "$work/threads" "$case: whatever the number of workers"
    for secret in $(cut -d ' ' -f 3 "$keys"); do
        grep -q "$secret" "$work/events" && fail "$case: a secret is in an event"
    done
    is "$(decode "$capture" | grep -c '"protocol":"mqtt"')" 0 "$case without keys: nothing of MQTT"
done
like "$(decode "$transports/tls13-chacha20.pcap")" '"sni":"broker.example","alpn":"mqtt","ja3":"[0-9a-f]{32}"' \
    "without keys: what the handshake shows"
like "$(decode "$transports/tls12-aes128-gcm.pcap")" '"certificate_subject":"CN=broker.example"' \
    "and the certificate, where it is sent in clear"

tool() { python3 "$e2e/capture_tools.py" "$@"; }
said() { grep -c '"proxied_client":{"ip":"203.0.113.7","port":56324}' "$1"; }
for version in 1 2; do
    for case in tcp ws tls12-aes128-gcm tls13-chacha20 wss; do
        keys=()
        [ ! -f "$transports/$case.keys" ] || keys=(--tls-keys "$transports/$case.keys")
        tool proxied "$transports/$case.pcap" "$work/proxied.pcap" "$version"
        decode "${keys[@]}" "$work/proxied.pcap" >"$work/events"
        form <"$work/events" >"$work/form"
        same "$work/tcp" "$work/form" "$case behind a PROXY header, version $version, gives the same events as TCP"
        is "$(said "$work/events")" 57 "and each tells the client"
    done
    like "$(decode "$work/proxied.pcap")" '"protocol":"tls".*"object":"broker.example".*"ja3":"[0-9a-f]{32}"' \
        "without keys the flow is named, and what the handshake shows"
done

# From the ClientHello on nothing is missing; later nobody can tell whose secret is theirs.
transport=$transports/tls13-chacha20
tool later "$transport.pcap" "$work/later.pcap" 3
decode --tls-keys "$transport.keys" "$work/later.pcap" | form >"$work/form"
same "$work/tcp" "$work/form" "a capture that begins with the ClientHello"
for n in 5 8 40; do
    tool later "$transport.pcap" "$work/later.pcap" "$n"
    "$TIERWATCH" decode --tls-keys "$transport.keys" "$work/later.pcap" >"$work/out" 2>"$work/err"
    like "$(cat "$work/err")" '1 TLS sessions began before the capture' "from packet $n on: it says why not"
    is "$(grep -c '"protocol":"mqtt"' "$work/out")" 0 "nothing of MQTT"
    is "$(grep -v '"protocol":"tls"' "$work/out" | wc -l)" 0 "it is TLS"
    is "$(grep -c '"guessed":true' "$work/out")" 0 "that is no guess"
    is "$("$TIERWATCH" decode -q "$work/later.pcap" | grep -vc '"protocol":"tls"')" 0 "nor is it without keys"
done

alerts() { "$TIERWATCH" replay -q --rules "$rules" --alerts - "$@" | grep -c '"id":"CRY-0[13]"'; }
is "$(alerts "$transports/tcp.pcap")" 2 "MQTT in clear, with a password, is alerted"
is "$(alerts --tls-keys "$transports/tls13-chacha20.keys" "$transports/tls13-chacha20.pcap")" 0 "in TLS it is not"

"$TIERWATCH" decode --tls-keys "$transports/wss.keys" "$transports/tls13-chacha20.pcap" >/dev/null 2>"$work/err"
like "$(cat "$work/err")" '1 TLS sessions are not in the key log' "a session without a secret"
sed -E 's/^(.*_SECRET_0 .*)[0-9a-f]{2}$/\100/' "$transports/wss.keys" >"$work/wrong.keys"
"$TIERWATCH" decode --tls-keys "$work/wrong.keys" "$transports/wss.pcap" >"$work/out" 2>"$work/err"
like "$(cat "$work/err")" '1 TLS sessions do not fit their secret' "a secret that does not fit"
is "$(grep -c '"protocol":"mqtt"' "$work/out")" 0 "it opens nothing"
echo 'CLIENT_RANDOM 00 11' >"$work/bad.keys"
exits 3 "a log that is none" "$TIERWATCH" decode --tls-keys "$work/bad.keys" "$transports/wss.pcap"
like "$(cat "$work/err")" 'bad.keys:1:1: .*64 hexadecimal digits' "it says where"
finish
