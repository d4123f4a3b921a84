#!/usr/bin/env python3
"""docs/POLICY.md against the rules that are shipped: it names every one, names none that the catalogue on that
page has not, and marks with a degree sign (°) those that are not shipped yet, wherever it names them. Prints TAP.

  tests/lint/policy.py [--update]     --update sets the marks
"""
import json
import os
import re
import subprocess
import sys

PAGE = "docs/POLICY.md"
ID = re.compile(r"\b([A-Z]{3}-\d\d)\b(?!\.\d)(°?)")
NAMED = 90
bad = False


def say(problems, name):
    global bad
    print(f"{'not ok' if problems else 'ok'} - {name}")
    for problem in problems[:20]:
        print(f"# {problem}")
    bad = bad or bool(problems)


def shipped():
    program = os.environ.get("TIERWATCH", "build/tierwatch")
    listed = subprocess.run([program, "rules", "list", "--json", "rules"], capture_output=True, text=True, check=True)
    # One of the catalogue may be several rules: AVL-02 and AVL-02-b.
    return {re.sub(r"-[a-z]$", "", rule["id"]) for rule in json.loads(listed.stdout)}


os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
rules = shipped()
with open(PAGE, encoding="utf-8") as page:
    text = page.read()
if "--update" in sys.argv[1:]:
    text = ID.sub(lambda m: m[1] + ("" if m[1] in rules else "°"), text)
    with open(PAGE, "w", encoding="utf-8") as page:
        page.write(text)

head, _, catalogue = text.partition("## The catalogue\n")
rows = re.findall(r"^\| ([A-Z]{3}-\d\d)°? \|", catalogue, re.M)
named = {m[1] for m in ID.finditer(head)}
say([f"{len(rows)} rows, {len(set(rows))} rules"] if len(rows) != NAMED or len(set(rows)) != NAMED else [],
    f"{PAGE}: the catalogue has {NAMED} rules, each once")
say([f"{rule} is shipped and not in the catalogue" for rule in sorted(rules - set(rows))],
    f"{PAGE}: every rule that is shipped is named")
say([f"{rule} is in no catalogue" for rule in sorted(named - set(rows))],
    f"{PAGE}: every id that is named is one of the catalogue")
say([f"{rule} answers no demand and no standard" for rule in sorted(set(rows) - named)],
    f"{PAGE}: every rule answers something")
wrong = [f"line {number}: {m[1]} is {'' if m[1] in rules else 'not '}shipped"
         for number, line in enumerate(text.splitlines(), 1)
         for m in ID.finditer(line) if bool(m[2]) == (m[1] in rules)]
say(wrong + (["tests/lint/policy.py --update sets the marks"] if wrong else []),
    f"{PAGE}: what is not shipped yet is marked so, and nothing else")
sys.exit(bad)
