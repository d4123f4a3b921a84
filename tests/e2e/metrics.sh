#!/usr/bin/env bash
# How a gateway is watched itself: metrics and health over HTTP and as a file, and what reads them.
. "$(dirname "$0")/lib.sh"

command -v curl >/dev/null || skip "curl is not installed"
port=$(free_port)
cat >"$work/gw.yaml" <<YAML
site: measured
inventory: $inventory
rules: [$rules]
ledger: {dir: ledger}
metrics: {listen: "127.0.0.1:$port", textfile: tierwatch.prom}
YAML
mqtt=$(free_port)
start_broker "$mqtt" "allow_anonymous true"
python3 "$e2e/capture_tools.py" faster "$plant" "$work/traffic.pcap" 4
"$TIERWATCH" run -c "$work/gw.yaml" --play "$work/traffic.pcap" --set broker.host=127.0.0.1 --set broker.port="$mqtt" \
    >"$work/out" 2>"$work/run.err" &
gateway=$!
pids+=("$gateway")
wait_for 10 busy "$port"
is $? 0 "it listens where it was told"
is "$(ss -Hltnp 2>/dev/null | grep -c "pid=$gateway,")" 1 "and nowhere else"

if command -v prometheus >/dev/null; then
    web=$(free_port)
    cp dashboards/prometheus/alerts.yml "$work/alerts.yml"
    printf 'global: {scrape_interval: 1s}\nrule_files: [alerts.yml]\nscrape_configs: [{job_name: tierwatch, static_configs: [{targets: ["127.0.0.1:%s"]}]}]\n' \
        "$port" >"$work/prometheus.yml"
    prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
        --web.listen-address="127.0.0.1:$web" >"$work/prometheus.log" 2>&1 &
    pids+=($!)
    asked() { curl -s "http://127.0.0.1:$web/api/v1/query" --data-urlencode "query=$1" | jq -r '.data.result[0].value[1]'; }
    scraped() { [ "$(asked 'up{job="tierwatch"}')" = 1 ] && [ "$(asked 'tierwatch_capture_packets_total')" -gt 0 ]; }
fi

get() { curl -s -o "$work/body" -w '%{http_code} %{content_type}' "$@"; }
url=http://127.0.0.1:$port
has() { curl -s "$url/metrics" | grep -Eq "$1"; }
wait_for 30 has '^tierwatch_alerts_total\{tier="T2"\} [1-9]'
is $? 0 "alerts are counted by tier"
is "$(get "$url/metrics")" "200 text/plain; version=0.0.4; charset=utf-8" "metrics"
cp "$work/body" "$work/metrics"
for name in build_info ruleset_info capture_packets_total 'capture_dropped_total.*kernel' 'capture_dropped_total.*interface' \
    'capture_dropped_total.*memcap' flows reassembly_gap_total 'parse_errors_total.*opcua' alerts_total \
    rule_eval_seconds_total suppressed_total journal_bytes journal_unsent mqtt_connected mqtt_puback_seconds_sum \
    last_packet_timestamp_seconds; do
    grep -Eq "^tierwatch_$name" "$work/metrics" || fail "there is a metric $name"
done
for name in capture_packets_total flows_total 'actions_total\{proto="opcua"\}' 'actions_total\{proto="mqtt"\}' rule_evaluations_total \
    rule_matches_total journal_bytes mqtt_puback_seconds_count rule_eval_seconds_total; do
    value=$(grep -E "^tierwatch_$name " "$work/metrics" | awk '{print $NF}')
    awk -v v="${value:-0}" 'BEGIN {exit !(v > 0)}' || fail "$name counts" "$value"
done
like "$(cat "$work/metrics")" "tierwatch_ruleset_info\{sha256=\"sha256:[0-9a-f]{64}\"\} 1" "the rules in force are named"
like "$(cat "$work/metrics")" "tierwatch_mqtt_connected 1" "the broker is there"
is "$(get "$url/healthz")" "200 application/json" "all is well"
is "$(cat "$work/body")" '{"healthy":true,"problems":[]}' "in words"
is "$(get "$url/")" "404 text/plain; charset=utf-8" "there is no other page"
is "$(get "$url/metrics/../../etc/passwd" --path-as-is)" "404 text/plain; charset=utf-8" "nor a file"
is "$(get -X POST -d x=y "$url/metrics")" "405 text/plain; charset=utf-8" "nothing can be sent"
is "$(curl -s -I "$url/metrics" | head -n 1 | tr -d '\r')" "HTTP/1.1 200 OK" "HEAD is answered"
check "the file is there" test -s "$work/tierwatch.prom"
is "$(grep -c '^tierwatch_capture_packets_total ' "$work/tierwatch.prom")" 1 "with the same metrics"
is "$(stat -c %a "$work/tierwatch.prom")" 644 "for anybody to read"
check "nothing is left beside it" test ! -e "$work/tierwatch.prom.new"
exits 1 "a port that is taken is told by --test" "$TIERWATCH" run -c "$work/gw.yaml" --play "$normal" --test
like "$(cat "$work/err")" "can not serve metrics at 127.0.0.1:$port" "with its name"

# What reads them.
if command -v promtool >/dev/null; then
    check "promtool has nothing to say of the metrics" sh -c "promtool check metrics <'$work/metrics'"
    check "nor of the file" sh -c "promtool check metrics <'$work/tierwatch.prom'"
    check "nor of the alerts" promtool check rules dashboards/prometheus/alerts.yml
    check "and they do what they say" sh -c 'cd dashboards/prometheus && promtool test rules alerts.test.yml'
fi
tap python3 - "$work/metrics" dashboards/prometheus/alerts.yml dashboards/grafana/*.json <<'PY'
import json, re, sys
known = set(re.findall(r'^(tierwatch_\w+)', open(sys.argv[1]).read(), re.M))
typed = set(re.findall(r'^# TYPE (tierwatch_\w+)', open(sys.argv[1]).read(), re.M))
live = {'tierwatch_interface_up', 'tierwatch_interface_received_total'}  # a capture that is played has none
def names(path):
    text = open(path).read()
    if path.endswith('.json'):
        text = '\n'.join(t['expr'] for p in json.loads(text)['panels'] for t in p.get('targets', []))
    else:
        text = '\n'.join(re.findall(r'expr: (.*?)\n\s+(?:for|labels):', text, re.S))
    return set(re.findall(r'tierwatch_\w+', text))
ok, used = True, set()
for path in sys.argv[2:]:
    used |= names(path)
    lost = names(path) - known - live
    print('ok' if not lost and names(path) else 'not ok', '- every metric of', path, 'is there', *sorted(lost))
    ok = ok and not lost
unshown = {n for n in typed if not any(u.startswith(n) for u in used)} - {
    'tierwatch_build_info', 'tierwatch_inventory_info', 'tierwatch_rules', 'tierwatch_ai_systems',
    'tierwatch_start_timestamp_seconds', 'tierwatch_reassembly_gap_bytes_total', 'tierwatch_rule_evaluations_total',
    'tierwatch_rule_matches_total'}
print('ok' if not unshown else 'not ok', '- what is measured is shown', *sorted(unshown))
sys.exit(not (ok and not unshown))
PY
if command -v prometheus >/dev/null; then
    wait_for 20 scraped
    is $? 0 "Prometheus scrapes it"
fi
wait "$gateway"
is $? 0 "it ends in good order"
check "the page is gone" sh -c "! curl -s '$url/metrics'"

# Without being asked it does not listen at all.
"$TIERWATCH" run --inventory "$inventory" --rules "$rules" --play "$normal" >/dev/null 2>"$work/run.err" &
gateway=$!
pids+=("$gateway")
wait_for 10 grep -q watching "$work/run.err"
is "$(ss -Hltnup 2>/dev/null | grep -c "pid=$gateway,")" 0 "without being asked it listens nowhere"
stop "$gateway" INT
exits 3 "a listener has an address" "$TIERWATCH" run --rules "$rules" --play "$normal" --set 'metrics.listen="9477"' --test
finish
