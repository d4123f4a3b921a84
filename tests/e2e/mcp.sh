#!/usr/bin/env bash
# An exchange of MCP over MQTT between programs made with the protocol's own SDK (tests/lab/mcp): every call
# that the client says it made is one `tool` event, with its arguments and what became of it.
. "$(dirname "$0")/lib.sh"
mcp=$captures/mcp

"$TIERWATCH" decode -q "$mcp/exchange.pcap" >"$work/events"
jq -c 'select(.action == "tool")' "$work/events" >"$work/tools"

# Calls as the client tells them: name, arguments, answer.
jq -c 'select(.call) | [.call, .arguments, .status]' "$mcp/truth.jsonl" >"$work/truth"
jq -sc 'group_by(.mcp.id | tonumber)[] |
    [.[0].object, ([.[] | select(.field) | {key: .field[1:], value}] | from_entries), .[0].status]' \
    "$work/tools" >"$work/calls"
same "$work/truth" "$work/calls" "calls, arguments and answers are those of the client"
is "$(jq -c 'select(.field == null)' "$work/tools" | wc -l)" "$(wc -l <"$work/truth")" "each call is one event"
is "$(jq -r 'select(.field == null) | [.src.ip, .mqtt.client_id] | join(" ")' "$work/tools" | sort -u)" \
    "192.168.79.51 planner-7f3a" "the client is who acts"
is "$(jq -r 'select(.request_packet >= .packet) | .packet' "$work/tools")" "" "answers come after requests"

# What the server declared.
is "$(jq -r 'select(.mcp.declared == false and .field == null) | .object' "$work/tools")" firmware_update \
    "one tool was never listed"
is "$(jq -r 'select(.mcp.changed and .field == null) | .object' "$work/tools")" set_valve \
    "one is listed otherwise than at first when it is called"
jq -c 'select(.tools) | .tools' "$mcp/truth.jsonl" >"$work/truth.lists"
jq -c 'select(.action == "publish" and .mcp.tools and .field == null) | [.mcp.tools[].name]' "$work/events" >"$work/lists"
same "$work/truth.lists" "$work/lists" "both lists of tools"
is "$(jq -r 'select(.action == "publish" and .mcp.tools_changed and .field == null) | .mcp.tools_changed' "$work/events")" 1 \
    "the second list changes one"

# What the decision rests on, in User Properties.
is "$(jq -c 'select(.decision and .action == "tool" and .field == null) | [.object, .decision.model, .decision.model_version, .decision.confidence]' \
    "$work/events")" '["set_valve","line-planner","3.1",0.83]' "the context of a decision goes with its call"
is "$(grep -c '"action":"malformed"' "$work/events")" 0 "nothing is malformed"

"$TIERWATCH" decode -q --threads 4 "$mcp/exchange.pcap" >"$work/threads"
same "$work/events" "$work/threads" "whatever the number of workers"

cat >"$work/rules.yaml" <<'YAML'
required_engine: ">=1.0"
ruleset: {name: mcp, version: 2026.12.1}
rules:
  - {id: X-01, name: A tool that was never listed, rev: 1, status: test, when: action = tool and not mcp.declared and not field exists, evidence: D,
     severity: 60, output: "%actor called %object of %mcp.server_id, which it never listed (%status)", advice: none}
  - {id: X-02, name: A tool that changed, rev: 1, status: test, when: action = tool and mcp.changed and not field exists, evidence: D,
     severity: 60, output: "%actor called %object, whose description changed", advice: none}
  - {id: X-03, name: A list that changed, rev: 1, status: test, when: action = publish and mcp.tools_changed > 0 and not field exists, evidence: D,
     severity: 60, output: "%mcp.tools_changed of %mcp.tools tools are described otherwise", advice: none}
YAML
"$TIERWATCH" replay -q --rules "$work/rules.yaml" --alerts - "$mcp/exchange.pcap" | jq -r .summary | sort >"$work/summaries"
cat >"$work/wanted" <<'TEXT'
1 of 4 tools are described otherwise
192.168.79.51 called firmware_update of valve-gw, which it never listed (ToolError)
192.168.79.51 called set_valve, whose description changed
TEXT
same "$work/wanted" "$work/summaries" "rules can ask for all of it"
finish
