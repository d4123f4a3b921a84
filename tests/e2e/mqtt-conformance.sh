#!/usr/bin/env bash
# The packets that the mosquitto project tests its broker with: what the broker refuses as wrong must be
# named malformed, what it takes must not. Skipped unless MQTT_CONFORMANCE, or the argument, names the
# folder with its test data, or CORPUS one that has it.
cases=$(realpath "${1:-${MQTT_CONFORMANCE:-${CORPUS:-../shared/corpus}/mqtt/expected/mosquitto-test-data}}" 2>/dev/null)
. "$(dirname "$0")/lib.sh"

[ -d "$cases" ] || skip "MQTT_CONFORMANCE names no folder"
tap python3 "$e2e/mqtt_conformance.py" "$TIERWATCH" "$cases" "$e2e/mqtt-conformance.txt"
finish
