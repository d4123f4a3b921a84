#!/usr/bin/env bash
# Messages of OPC UA clients whose service is known from the names of their files, such as the seeds of
# open62541's fuzz tests, through the decoder; with sanitizers where that was built. Skipped unless
# OPCUA_MESSAGES or the argument names their folder.
messages=$(realpath "${1:-${OPCUA_MESSAGES:-/nowhere}}" 2>/dev/null)
. "$(dirname "$0")/lib.sh"

[ -d "$messages" ] || skip "OPCUA_MESSAGES names no folder"
[ ! -x build/asan/tierwatch ] || TIERWATCH=$PWD/build/asan/tierwatch
tap python3 "$e2e/opcua_messages.py" "$TIERWATCH" "$messages"
finish
