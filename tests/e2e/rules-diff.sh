#!/usr/bin/env bash
# `tierwatch rules diff`: what another rule set would say about the same captures.
. "$(dirname "$0")/lib.sh"

diff_of() { "$TIERWATCH" rules diff --inventory "$inventory" "$@"; }

exits 0 "a rule set is like itself" diff_of "$rules" "$rules" "$plant"
is "$(cat "$work/out")" "" "nothing is printed"
like "$(cat "$work/err")" '0 alerts added, 0 gone, 0 changed, [1-9][0-9]* as before' "it is counted"

cp -r "$rules" "$work/new"
# One rule goes, one is called something else, one weighs less.
sed -i '/^  - id: CMD-02$/,/^    rev:/ s/^    rev: .*/&\n    enabled: false/' "$work/new/cmd.yaml"
sed -i 's/id: IDN-01/id: IDN-91/' "$work/new/idn.yaml"
sed -i '/^  - id: CMD-01$/,/^    floor:/ {s/severity: .*/severity: 20/; s/floor: .*/floor: 0/}' "$work/new/cmd.yaml"
exits 0 "another rule set" diff_of "$rules" "$work/new" "$plant"
changes=$(cat "$work/out")
like "$changes" $'(^|\n)- [^ ]+ CMD-02 ' "alerts that are gone"
like "$changes" $'(^|\n)- [^ ]+ IDN-01 [^\n]*\n[+] [^ ]+ IDN-91 ' "and come under another name"
like "$changes" $'(^|\n)~ [^ ]+ CMD-01 (high|critical) [0-9]+ -> (info|low|medium) [0-9]+, count [0-9]+: ' "that change"
exits 0 "the same as data" diff_of --json "$rules" "$work/new" "$plant"
is "$(jq -r 'map(.change + " " + .rule) | unique | join(",")' "$work/out")" \
    "added IDN-91,changed CMD-01,gone CMD-02,gone IDN-01" "kinds of changes"
is "$(jq '[.[] | select(.change == "changed") | .old.score > .new.score] | all' "$work/out")" true "old and new"
is "$(jq length "$work/out")" "$(wc -l <<<"$changes")" "as many as there are lines"
"$TIERWATCH" replay -q --inventory "$inventory" --rules "$rules" --alerts - "$plant" | jq -r .id | sort -u >"$work/ids"
like "$("$TIERWATCH" rules diff --inventory "$inventory" "$rules" "$work/new" "$plant" 2>&1 >/dev/null)" \
    " $(($(wc -l <"$work/ids") - $(jq '[.[] | select(.change != "added")] | length' "$work/out"))) as before" \
    "the rest is as replay says"

echo 'rules: [{id: A-1}]' >"$work/bad.yaml"
exits 4 "a rule set with mistakes" diff_of "$rules" "$work/bad.yaml" "$plant"
exits 1 "a capture that is not there" diff_of "$rules" "$rules" "$work/none.pcap"
exits 2 "nothing to compare on" diff_of "$rules" "$rules"
finish
