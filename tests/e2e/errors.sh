#!/usr/bin/env bash
# Mistakes in what people write: all of them, each at its place; and the exit codes of the command line.
. "$(dirname "$0")/lib.sh"

# Lines that hold a mistake end with "# wrong"; exactly those must be reported.
cat >"$work/rules.yaml" <<'YAML'
required_engine: ">=1.0"
ruleset: {name: mistakes, version: 2026.12.1}
rules:
  - id: ERR-01
    name: Unknown field
    rev: 1
    when: action = write and actor.is_aii                                   # wrong
    evidence: D
    severity: 60
    output: "%actor.id wrote"
  - id: ERR-02
    name: Unknown action
    rev: 1
    when: action = wirte                                                    # wrong
    evidence: D
    severity: 60
    output: "%actor.id wrote"
  - id: ERR-03
    name: Unknown evidence class
    rev: 1
    when: action = write
    evidence: X                                                             # wrong
    severity: 60
    output: "%actor.id wrote"
  - id: ERR-04
    name: Severity too large
    rev: 1
    when: action = write
    evidence: D
    severity: 160                                                           # wrong
    output: "%actor.id wrote"
  - id: ERR-05
    name: Unknown field in the output
    rev: 1
    when: action = write
    evidence: D
    severity: 60
    output: "%actr.id wrote %value"                                         # wrong
  - id: ERR-06
    name: Unknown key
    rev: 1
    wehn: action = write                                                    # wrong
    when: action = write
    evidence: D
    severity: 60
    output: "%actor.id wrote"
  - id: ERR-07
    name: Expression that breaks off
    rev: 1
    when: action = write and (value > 5                                     # wrong
    evidence: D
    severity: 60
    output: "%actor.id wrote"
  - id: ERR-08
    name: Unknown tier
    rev: 1
    when: action = write
    tiers: [T2, T7]                                                         # wrong
    evidence: D
    severity: 60
    output: "%actor.id wrote"
  - id: ERR-09
    name: Not a duration
    rev: 1
    when: action = write
    evidence: D
    severity: 60
    suppress: {by: [actor.id], for: soon}                                   # wrong
    output: "%actor.id wrote"
  - id: ERR-09                                                              # wrong
    name: The same id again
    rev: 1
    when: action = write
    evidence: D
    severity: 60
    output: "%actor.id wrote"
YAML

cat >"$work/inventory.yaml" <<'YAML'
inventory: 1
site: plant-a
networks: {plant: [10.10.0.0/33]}                                           # wrong
assets:
  - {id: plc-1, kind: opcua-servr, ip: [10.10.0.10]}                        # wrong
  - {id: broker, kind: mqtt-broker, ip: [10.10.0.2000]}                     # wrong
  - {id: plc-1, kind: other, ip: [10.10.0.11]}                              # wrong
  - {id: hmi-1, kind: operator, mac: ["02:00:00:00:00"]}                    # wrong
ai_systems:
  - id: ai-1
    teir: T2                                                                # wrong
    ip: [10.10.0.32]
    may:
      - {opcua: plc-9, actions: [read], nodes: ["ns=2;s=A"]}                # wrong
      - {opcua: plc-1, actions: [raed], nodes: ["ns=2;s=A"]}                # wrong
      - {mqtt: broker, actions: [publish], topics: ["a/#/b"]}               # wrong
      - {opcua: plc-1, actions: [write], nodes: ["ns=2;s=A"], rate: often}  # wrong
variables:
  - {id: v1, opcua: {server: plc-1, node: "ns=x;s=A"}}                      # wrong
  - {id: v2, opcua: {server: plc-1, node: "ns=2;s=B"}, range: [90, 20]}     # wrong
  - {id: v3, opcua: {server: plc-1, node: "ns=2;s=C"}, role: comand}        # wrong
YAML

cat >"$work/config.yaml" <<'YAML'
site: plant-a
gatewy: gw-1                                                                # wrong
broker: {host: 127.0.0.1, port: 99999}                                      # wrong
limits: {flows: many}                                                       # wrong
log: {level: loud}                                                          # wrong
YAML

marked() { grep -n '# wrong$' "$1" | cut -d: -f1 | tr '\n' ' '; }
reported() { grep -oE "$(basename "$1"):[0-9]+:[0-9]+: " "$work/err" | cut -d: -f2 | sort -nu | tr '\n' ' '; }

all_found() { # CODE NAME FILE COMMAND...
    local code=$1 name=$2 file=$3
    shift 3
    exits "$code" "$name: exit $code" "$@"
    is "$(reported "$file")" "$(marked "$file")" "$name: every mistake, and no other"
    is "$(cat "$work/out")" "" "$name: errors go to standard error"
    is "$(grep -c '^ *| *^' "$work/err")" "$(grep -cE "$(basename "$file"):[0-9]+:[0-9]+: " "$work/err")" \
        "$name: each with a caret"
    like "$(cat "$work/err")" 'did you mean' "$name: the nearest valid names are suggested"
}

as_data() { # CODE NAME FILE COMMAND...
    local code=$1 name=$2 file=$3
    shift 3
    exits "$code" "$name: as data, exit $code" "$@"
    is "$(jq -r '.[] | select(.severity == "error") | .line' "$work/out" | sort -nu | tr '\n' ' ')" "$(marked "$file")" \
        "$name: the same places as data"
    is "$(jq -c 'map(select((.column | type) != "number" or .message == "" or .file == "")) | length' "$work/out")" 0 \
        "$name: with column, message and file"
}

all_found 4 "rules check" "$work/rules.yaml" "$TIERWATCH" rules check "$work/rules.yaml"
as_data 4 "rules check" "$work/rules.yaml" "$TIERWATCH" rules check --json "$work/rules.yaml"
all_found 4 "rules of a replay" "$work/rules.yaml" "$TIERWATCH" replay --rules "$work/rules.yaml" "$normal"
all_found 3 "inventory check" "$work/inventory.yaml" "$TIERWATCH" inventory check "$work/inventory.yaml"
as_data 3 "inventory check" "$work/inventory.yaml" "$TIERWATCH" inventory check --json "$work/inventory.yaml"
all_found 3 "inventory of a replay" "$work/inventory.yaml" \
    "$TIERWATCH" replay --rules "$rules" --inventory "$work/inventory.yaml" "$normal"
all_found 3 "configuration" "$work/config.yaml" "$TIERWATCH" run -c "$work/config.yaml" --test
all_found 3 "configuration of a replay" "$work/config.yaml" "$TIERWATCH" replay -c "$work/config.yaml" "$normal"

printf 'inventory: 1\nsite: [\n' >"$work/broken.yaml"
exits 3 "YAML that breaks off" "$TIERWATCH" inventory check "$work/broken.yaml"
like "$(cat "$work/err")" 'broken.yaml:[0-9]+:[0-9]+: ' "says where"
exits 3 "an inventory that is not there" "$TIERWATCH" inventory check "$work/nowhere.yaml"
exits 4 "rules that are not there" "$TIERWATCH" rules check "$work/nowhere"
exits 3 "a configuration that is not there" "$TIERWATCH" run -c "$work/nowhere.yaml"
exits 3 "a setting that is none" "$TIERWATCH" replay --set broker.prot=1 "$normal"
like "$(cat "$work/err")" 'port' "the nearest one is suggested"
exits 0 "the shipped rules" "$TIERWATCH" rules check "$rules"
exits 0 "the lab's inventory" "$TIERWATCH" inventory check "$inventory"
exits 0 "no mistakes as data" "$TIERWATCH" rules check --json "$rules"
is "$(cat "$work/out")" "[]" "are an empty list"
exits 0 "--dump-config prints what is in force" "$TIERWATCH" replay --dump-config --set broker.port=1999 "$normal"
like "$(cat "$work/out")" '1999' "with what was set"

# The command line.
for command in '' replay decode run 'rules check' 'rules test' 'rules explain' 'rules diff' 'rules list' 'inventory check' 'ledger verify' fields; do
    # shellcheck disable=SC2086
    for option in --help -h; do
        exits 0 "$command $option" "$TIERWATCH" $command $option
        like "$(cat "$work/out")" 'Usage: tierwatch' "$command $option: on standard output"
        is "$(cat "$work/err")" "" "$command $option: nothing on standard error"
    done
    # shellcheck disable=SC2086
    exits 2 "$command --no-such-option" "$TIERWATCH" $command --no-such-option
    is "$(cat "$work/out")" "" "$command --no-such-option: nothing on standard output"
done
for option in --version -V 'replay --version' 'decode -V'; do
    # shellcheck disable=SC2086
    exits 0 "$option" "$TIERWATCH" $option
    like "$(cat "$work/out")" '^tierwatch [0-9]+\.[0-9]+\.[0-9]+ \(nDPI [0-9.]+' "$option: on standard output"
done
exits 2 "no command" "$TIERWATCH"
exits 2 "an unknown command" "$TIERWATCH" wacth
exits 2 "half a command" "$TIERWATCH" rules
exits 2 "a misspelt option" "$TIERWATCH" replay --thread 2 --invetory x "$normal"
like "$(cat "$work/err")" 'did you mean --inventory' "the nearest one is suggested"
exits 2 "an option without its value" "$TIERWATCH" replay "$normal" --inventory
exits 2 "a severity that is none" "$TIERWATCH" replay --fail-on severe "$normal"
exits 2 "a log level that is none" "$TIERWATCH" decode --log-level loud "$normal"
exits 2 "a progress that is none" "$TIERWATCH" decode --progress maybe "$normal"
exits 1 "an output that can not be written" "$TIERWATCH" replay --rules "$rules" --alerts "$work/no/such" "$normal"
exits 1 "a full disk" sh -c "'$TIERWATCH' decode -q '$normal' >/dev/full"
exits 5 "an interface that is not there" "$TIERWATCH" run --rules "$rules" -i nosuch0
like "$(cat "$work/err")" 'nosuch0' "is named"
exits 2 "nothing to watch" "$TIERWATCH" run --rules "$rules"
exits 0 "a check of a replay looks at no packet" replay --test "$plant"
is "$(cat "$work/out")" "" "and prints no alert"
exits 0 "fields" "$TIERWATCH" fields --json
is "$(jq -c 'map(.name) | (length == (unique | length)) and index("actor.id") != null' "$work/out")" true \
    "names each field once"
exits 0 "the schema of rules" "$TIERWATCH" rules schema
check "is JSON" jq -e . "$work/out"
exits 0 "the schema of inventories" "$TIERWATCH" inventory schema
check "is JSON too" jq -e . "$work/out"
finish
