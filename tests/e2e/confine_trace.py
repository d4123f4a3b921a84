"""Hold what strace saw against the list of calls in the source.

usage: confine_trace.py TRACE syscalls.c
"""
import collections
import re
import sys


def table(source, name):
    body = re.search(r'static const int %s\[\] = \{(.*?)\};' % name, source, re.S).group(1)
    return set(re.findall(r'CALL\((\w+)\)', body))


def main():
    trace, source = sys.argv[1], open(sys.argv[2], encoding='utf-8').read()
    allowed = table(source, 'allowed') | set(re.findall(r'add_if\(f, CALL\((\w+)\)', source))
    filtered, outside, seen, threads = set(), collections.Counter(), collections.Counter(), set()
    for line in open(trace, encoding='utf-8', errors='replace'):
        m = re.match(r'(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\()(.*)', line)
        if not m:
            continue
        pid, call, rest = m.groups()
        threads.add(pid)
        child = re.search(r'= (\d+)$', rest) if call in ('clone', 'clone3') else None
        if child and pid in filtered:
            filtered.add(child.group(1))
        if call == 'seccomp' and 'SECCOMP_SET_MODE_FILTER' in rest and 'TSYNC' not in rest and ', NULL' not in rest:
            filtered.add(pid)
            continue
        if pid not in filtered:
            continue
        seen[call] += 1
        # clone3 is asked for, refused and done without; the end of a call was counted with its beginning.
        known = call in allowed or call == 'clone3' or ' resumed>' in line
        if not known or ('ENOSYS' in rest and call != 'clone3'):
            outside[call] += 1
    ok = True
    for good, name, detail in (
            (len(threads) >= 6 and filtered == threads, 'every thread came to be filtered',
             '%d of %d' % (len(filtered), len(threads))),
            (len(seen) > 20 and seen['poll'] > 10, 'the trace shows what is done then', str(len(seen))),
            (not outside, 'no call outside the filter', ' '.join('%s x%d' % c for c in outside.items()))):
        print('ok -' if good else 'not ok -', name + ('' if good else ': ' + detail))
        ok = ok and good
    sys.exit(0 if ok else 1)


main()
