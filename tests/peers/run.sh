#!/usr/bin/env bash
# `tierwatch decode` against tshark and Zeek, field by field. TAP. `make peers` runs it.
# A capture made on the spot and those of the lab always; those of ../shared/corpus where that is beside the
# checkout, and one made of the messages there; PEERS_ALL=1 takes the corpus' long plant recordings too (minutes).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
TIERWATCH=$(realpath "${TIERWATCH:-build/tierwatch}")
[ -x "$TIERWATCH" ] || { echo "Bail out! there is no $TIERWATCH"; exit 1; }
if ! command -v tshark >/dev/null; then
    echo "ok - skipped # SKIP no tshark: apt install tshark"
    exit 0
fi

here=tests/peers lab=tests/lab/captures corpus=${CORPUS:-../shared/corpus}
export PYTHONDONTWRITEBYTECODE=1
made=$(mktemp -d) || exit 1
trap 'rm -rf "$made"' EXIT
python3 "$here/made.py" "$made/made.pcap" || exit 1

options=(--base "$made" --base "$lab")
captures=("$made/made.pcap" "$lab"/*.pcap "$lab"/opcua-modes/*.pcap)
if [ -d "$corpus" ]; then
    folders=("$corpus"/opcua "$corpus"/mqtt "$corpus"/agents "$corpus"/tcp)
    [ "${PEERS_ALL:-0}" = 0 ] || folders+=("$corpus"/plantA)
    mapfile -d '' -t found < <(find "${folders[@]}" -path '*/expected/*' -prune -o \
        \( -name '*.pcap' -o -name '*.pcapng' \) -print0 2>/dev/null | sort -z)
    captures+=("${found[@]}")
    messages=$corpus/opcua/messages/open62541
    if [ -d "$messages" ]; then
        python3 "$here/messages.py" "$messages" "$made/open62541-messages.pcap" || exit 1
        captures+=("$made/open62541-messages.pcap")
    fi
    options+=(--base "$corpus" --corpus "$corpus" --zeek "$corpus/opcua/expected/zeek-icsnpp/tests/baseline"
        --suricata "$corpus/mqtt/expected/suricata-7.0.10"
        --traces "$corpus/opcua/icsnpp-opcua-binary/tests-traces")
else
    echo "ok - the corpus # SKIP there is no $corpus"
fi
failed=0
python3 "$here/compare.py" --tierwatch "$TIERWATCH" --rules rules --whole "${options[@]}" "${captures[@]}" ||
    failed=1

sn=(tests/golden/mqtt-sn/in.pcap)
[ ! -d "$corpus" ] || sn+=("$corpus"/mqtt/generated/mqttsn-*.pcap)
python3 "$here/mqttsn.py" "$TIERWATCH" "${sn[@]}" || failed=1

# Sparkplug payloads against Protocol Buffers' own decoder.
if command -v protoc >/dev/null; then
    sparkplug=("$lab"/sparkplug/plant.pcap tests/golden/sparkplug/in.pcap)
    [ ! -d "$corpus" ] || sparkplug+=("$corpus"/mqtt/generated/sparkplug-*.pcap)
    [ "${PEERS_ALL:-0}" = 0 ] || sparkplug+=("$corpus"/plantA/*.pcap)
    python3 "$here/sparkplug.py" "$TIERWATCH" "${sparkplug[@]}" || failed=1
else
    echo "ok - Sparkplug payloads # SKIP no protoc: apt install protobuf-compiler"
fi
exit $failed
