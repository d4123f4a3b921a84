#!/usr/bin/env python3
"""Names by which AI clients and scripts are known stand in rules/lists, and those that `inventory learn` looks for in
gateway/learn/clients.c. Both have to know the same. Prints TAP."""
import re
import sys

source = open('gateway/learn/clients.c').read()


def table(name):
    body = re.search(r'\b' + name + r'\[\] = \{(.*?)\bNULL\}', source, re.S)
    return re.findall(r'"([^"]*)"', body.group(1)) if body else []


def lines(path):
    return [line.strip() for line in open(path) if line.strip() and not line.startswith('#')]


def say(number, wrong, what):
    print(f'{"not ok" if wrong else "ok"} {number} - {what}')
    for line in wrong:
        print('#', line)
    return bool(wrong)


known, listed = set(table('defaults')), set(lines('rules/lists/script-clients.txt'))
words = table('bridges')
bad = say(90, [f'only one of the two has {name}' for name in sorted(known ^ listed)] or ([] if known else ['no names']),
          'defaults of client libraries are the same for rules and for a draft')
bad |= say(91, [f'no word of {name} is looked for' for name in lines('rules/lists/ai-clients.txt')
                if not set(re.split(r'[^a-z0-9]+', name.lower())) & set(words)],
           'a draft knows every bridge that rules know')
sys.exit(bad)
