#!/usr/bin/env bash
# OPC UA traffic that is too much, through the whole program: events and resident memory.
. "$(dirname "$0")/lib.sh"

tap python3 "$e2e/opcua_limits.py" "$TIERWATCH"
finish
