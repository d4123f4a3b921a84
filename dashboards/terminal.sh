#!/usr/bin/env bash
# Alerts in a terminal, one line each, as they reach the broker.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: dashboards/terminal.sh [-h HOST] [-p PORT] [-s SEVERITY] [-- MOSQUITTO_SUB_OPTION...]

Show first alerts (no updates) of every site and gateway from SEVERITY up (default: info).

  dashboards/terminal.sh
  dashboards/terminal.sh -h broker.plant -p 8883 -s high -- --cafile ca.pem -u soc -P secret
TEXT
}

host=127.0.0.1 port=1883 least=info
while [ $# -gt 0 ]; do
    case $1 in
    -h) host=${2:?-h wants a host}; shift 2 ;;
    -p) port=${2:?-p wants a port}; shift 2 ;;
    -s) least=${2:?-s wants a severity}; shift 2 ;;
    --help) usage; exit 0 ;;
    --) shift; break ;;
    *) usage >&2; exit 2 ;;
    esac
done

topics=() wanted=''
for severity in info low medium high critical; do
    [ "$severity" != "$least" ] || wanted=1
    [ -z "$wanted" ] || topics+=(-t "tierwatch/1/+/+/alert/$severity/#")
done
if [ -z "$wanted" ]; then
    echo "terminal.sh: no severity '$least': info, low, medium, high or critical" >&2
    exit 2
fi

line='select(.count == 1) | [.ts[11:19], (.severity + "        ")[0:8], (.score | tostring | ("   " + .)[-3:]),
    ((.tier // "-") + "  ")[0:2], .rule.id, .summary] | join("  ")'
exec mosquitto_sub -h "$host" -p "$port" "${topics[@]}" "$@" > >(exec jq --unbuffered -r "$line")
