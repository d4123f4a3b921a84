#!/usr/bin/env bash
# `tierwatch rules test`: the tests of the shipped rules, one by one, and what is said of tests that fail.
. "$(dirname "$0")/lib.sh"

# Each test of rules/tests is one here.
"$TIERWATCH" rules test --json "$rules" >"$work/json" 2>"$work/err"
code=$?
if jq -e . "$work/json" >/dev/null 2>&1; then
    while IFS=$'\t' read -r passed name; do
        if [ "$passed" = true ]; then pass "$name"; else fail "$name" "tierwatch rules test $rules"; fi
    done < <(jq -r '.[] | "\(.passed)\t\(.file | split("/")[-1]): \(.name)"' "$work/json")
fi
is "$code" 0 "tests of the shipped rules run"
[ "$code" -eq 0 ] || fail "what was wrong" "$(cat "$work/err")"

cat >"$work/rules.yaml" <<'EOF'
rules:
  - {id: ONE-01, name: write, rev: 1, when: action = write and value > 10, evidence: S, severity: 60,
      output: "%actor wrote %value to %object"}
EOF
cat >"$work/some.test.yaml" <<'EOF'
rule_files: [rules.yaml]
defaults: {protocol: opcua, action: write, src.ip: 10.7.0.51, dst.ip: 10.7.0.10, object: "ns=2;s=A"}
tests:
  - name: more than ten
    events: [{value: 11}, {value: 12}]
    expect: [{rule: ONE-01, count: 2}]
  - name: ten
    events: [{value: 11}]
    expect: [{rule: ONE-01, output_contains: "wrote 10"}]
EOF
exits 7 "a test that fails is exit 7" "$TIERWATCH" rules test "$work/some.test.yaml"
is "$(sed "s|$work/||" "$work/out")" "some.test.yaml:7: FAILED: ten
    expected:
      - ONE-01 output_contains=\"wrote 10\"
    got:
      + ONE-01 none medium score=46 count=1 at=0s actor=10.7.0.51 target=\"10.7.0.10 ns=2;s=A\" output=\"10.7.0.51 wrote 11 to ns=2;s=A\"
1 passed, 1 failed" "expected and got are printed"
exits 7 "the same as data" "$TIERWATCH" rules test --json "$work"
is "$(jq -c 'map([.line, .passed, (.missing | length), (.unexpected | map(.rule))])' "$work/out")" \
    '[[4,true,0,[]],[7,false,1,["ONE-01"]]]' "data says what is missing and what is not wanted"

sed -i 's/wrote 10/wrote 11/' "$work/some.test.yaml"
exits 0 "they pass" "$TIERWATCH" rules test "$work"
is "$(cat "$work/out")" "2 passed, 0 failed" "they are counted"
exits 0 "quietly" "$TIERWATCH" rules test -q "$work"
is "$(cat "$work/out")" "" "-q says nothing"
sed 's/> 10/> 11/' "$work/rules.yaml" >"$work/new.yaml"
exits 7 "--rules goes before the rules that tests name" \
    "$TIERWATCH" rules test --rules "$work/new.yaml" "$work/some.test.yaml"

sed -i 's/value: 12/vlaue: 12/' "$work/some.test.yaml"
exits 4 "a mistake in a test is exit 4" "$TIERWATCH" rules test "$work"
like "$(cat "$work/err")" 'some.test.yaml:5:28: there is no field "vlaue"' "it has a place"
like "$(cat "$work/err")" 'did you mean "value"' "the nearest name is said"
"$TIERWATCH" rules schema tests | jq -e '.properties.tests.items.properties.expect' >/dev/null
is $? 0 "there is a schema of test files"
exits 2 "and none of anything else" "$TIERWATCH" rules schema plants
exits 1 "no tests are no success" "$TIERWATCH" rules test "$rules/lists"
finish
