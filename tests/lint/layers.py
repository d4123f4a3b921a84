#!/usr/bin/env python3
"""Hold every #include of gateway/ against layers.txt. One TAP line a folder."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def rules():
    floors, allowed, homes = {}, set(), {}
    with open(os.path.join(ROOT, 'tests/lint/layers.txt')) as f:
        for line in f:
            words = line.split('#')[0].split()
            if not words:
                continue
            if words[0] == 'floor':
                floors.update({folder: int(words[1]) for folder in words[2:]})
            elif words[0] == 'allow':
                allowed.add((words[1], words[2]))
            elif words[0] == 'home':
                homes[words[1]] = set(words[2:])
    return floors, allowed, homes


def library(header, homes):
    for name in homes:
        if header == name or header == name + '.h' or header.startswith(name + '/') or \
                header.startswith(name + '_') or header.startswith('lib' + name):
            return name
    return None


def complaint(folder, quote, header, floors, allowed, homes):
    if header.startswith('.'):
        return 'relative include'
    if quote == '<':
        name = library(header, homes)
        if name and folder not in homes[name]:
            return f'{name} has its home in {", ".join(sorted(homes[name]))}'
        return None
    other = header.split('/')[0]
    if other == folder or (folder, header) in allowed:
        return None
    if other not in floors:
        return f'no folder {other}'
    if floors[other] >= floors[folder]:
        return f'{folder} (floor {floors[folder]}) may not include {other} (floor {floors[other]})'
    return None


def main():
    floors, allowed, homes = rules()
    bad = 0
    for n, folder in enumerate(sorted(os.listdir(os.path.join(ROOT, 'gateway'))), 1):
        problems = [] if folder in floors else [f'{folder} has no floor']
        for base, _, files in os.walk(os.path.join(ROOT, 'gateway', folder)):
            for name in sorted(files):
                path = os.path.join(base, name)
                with open(path) as f:
                    for number, line in enumerate(f, 1):
                        m = INCLUDE.match(line)
                        why = m and folder in floors and complaint(
                            folder, m.group(1), m.group(2), floors, allowed, homes)
                        if why:
                            problems.append(f'{os.path.relpath(path, ROOT)}:{number}: {why}')
        print(('not ok' if problems else 'ok'), n, '- layers of', folder)
        for p in problems:
            print('#', p)
        bad += bool(problems)
    return 1 if bad else 0


sys.exit(main())
