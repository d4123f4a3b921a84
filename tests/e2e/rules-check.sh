#!/usr/bin/env bash
# `tierwatch rules check`: warnings with their codes, --werror; rules in the shadow; rules by the thousand.
. "$(dirname "$0")/lib.sh"

mkdir "$work/tests"
cat >"$work/rules.yaml" <<'EOF'
lists: {nobody: [x]}
macros: {nothing: action = read}
rules:
  - id: ONE-01
    name: anything
    rev: 1
    status: stable
    when: object glob "*"
    evidence: S
    severity: 60
    output: "%object"
    exceptions:
      - {name: old, when: status.bad, reason: CR-1, owner: me, expires: 2020-01-01}
EOF
exits 0 "warnings are no mistakes" "$TIERWATCH" rules check "$work/rules.yaml"
is "$(grep -o '\bW[0-9]\{3\}' "$work/err" | sort -u | tr '\n' ' ')" "W001 W002 W003 W004 W005 " "each has a code"
like "$(cat "$work/err")" 'rules.yaml:4:9: warning: ONE-01 is asked of every event \[W003\]' "and a place"
exits 0 "as data" "$TIERWATCH" rules check --json "$work/rules.yaml"
is "$(jq -r 'map(.severity + .code + ":" + (.line | tostring)) | join(" ")' "$work/out")" \
    "warningW001:1 warningW002:2 warningW003:4 warningW004:13 warningW005:4" "severity, code and line"
exits 4 "with --werror they are" "$TIERWATCH" rules check --werror "$work/rules.yaml"

cat >"$work/tests/one.test.yaml" <<'EOF'
rule_files: [../rules.yaml]
tests: [{name: x, events: [{action: read, object: x}], expect: [{rule: ONE-01}]}]
EOF
sed -i 's/2020-01-01/2260-01-01/; s/glob "\*"/glob "*" and action = read/; 1,2d' "$work/rules.yaml"
exits 0 "nothing to warn of" "$TIERWATCH" rules check --werror "$work/rules.yaml"
is "$(cat "$work/err")" "" "nothing is said"
exits 0 "replay does not warn" replay "$plant"
unlike "$(cat "$work/err")" 'W00' "of what is for whoever writes rules"

exits 0 "the shipped rules" "$TIERWATCH" rules check --werror "$rules"

# A rule in the shadow: no alert, and a count.
cat >"$work/shadow.yaml" <<'EOF'
rules:
  - {id: ONE-01, name: n, rev: 1, when: action = write, evidence: D, severity: 60, output: "%object"}
  - {id: ONE-02, name: n, rev: 1, when: action = write, evidence: D, severity: 60, output: "%object", mode: shadow}
EOF
"$TIERWATCH" replay --rules "$work/shadow.yaml" --alerts "$work/alerts" --summary - "$plant" >"$work/summary" 2>"$work/err"
is "$(jq -r .rule.id "$work/alerts" | sort -u)" ONE-01 "no alert comes of it"
is "$(jq -c '.rules.shadow == {"ONE-02": .rules.matched}' "$work/summary")" true "it matched as often as its twin"
like "$(cat "$work/err")" '[1-9][0-9]* matches of rules in shadow mode' "which is said"

# What a rule is.
exits 0 "rules explain" "$TIERWATCH" rules explain CMD-01 "$rules"
like "$(cat "$work/out")" '^CMD-01 .*applies to +AI systems of .*when +.*value outside variable.range.*reads +.*variable.range.*tests +[1-9]' \
    "says what it is"
exits 0 "as data" "$TIERWATCH" rules explain --json CMD-01 "$rules"
is "$(jq -r '[.id, .cost_class, (.reads | index("variable.range") != null), (.tests > 0)] | map(tostring) | join(" ")' "$work/out")" \
    "CMD-01 cheap true true" "the same"
exits 2 "a rule that is not there" "$TIERWATCH" rules explain CMD-99 "$rules"
exits 2 "nor one that is the gateway's own" "$TIERWATCH" rules explain GW-02 "$rules"
like "$(cat "$work/err")" "GW-02 is in no rule set" "and it says so"
exits 2 "no rule" "$TIERWATCH" rules explain

# 5,000 rules load in less than a second of processor time; with sanitizers they may take five.
python3 - "$work/many.yaml" <<'EOF'
import sys
with open(sys.argv[1], "w") as f:
    f.write("lists: {words: [alpha, beta, gamma]}\nmacros: {writes: 'action in (write, publish) and not status.bad'}\nrules:\n")
    for i in range(5000):
        f.write(f"""  - id: M{i % 9}-{i}
    name: Rule {i}
    rev: 1
    when: writes and (object glob "ns=2;s=Line{i}.*" or value > {i} * 2 or object in (a{i}, b{i}) or object matches @words)
    tiers: [T1, T2]
    evidence: S
    severity: {i % 100}
    floor: {{T2: 10}}
    output: "%actor wrote %value to %object ({i})"
""")
EOF
TIMEFORMAT=%U
took=$({ time "$TIERWATCH" rules list "$work/many.yaml" >"$work/out"; } 2>&1)
is "$(wc -l <"$work/out")" 5000 "5,000 rules load"
[ "${took%.*}" -lt 5 ]
is $? 0 "within five seconds"
echo "# 5,000 rules load in $took s of processor time"
exits 0 "they are checked" "$TIERWATCH" rules check "$work/many.yaml"
like "$(cat "$work/out")" '^5000 rules' "all of them"
exits 0 "and run" "$TIERWATCH" replay -q --rules "$work/many.yaml" --alerts - "$plant"
finish
