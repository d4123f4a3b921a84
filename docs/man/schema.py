#!/usr/bin/env python3
"""The keys of a JSON schema as a section of a manual page (mdoc), between a head and a tail.

Usage: schema.py HEAD.in <SCHEMA.json >PAGE

A line '@KEYS@' of HEAD.in stands for all keys, '@KEYS name@' for those of one item of the top level.
"""
import json
import re
import sys


def plain(text):
    """Text that mdoc takes as text: no macro at the start of a line, no escapes."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in ".'" else text


def kind(schema):
    if "enum" in schema:
        return "one of " + ", ".join(str(e) for e in schema["enum"])
    of = schema.get("type", "any value")
    if of == "array":
        items = schema.get("items", {})
        return "list of " + {"object": "maps", "string": "texts"}.get(items.get("type"), "values")
    return {"object": "map", "string": "text", "integer": "whole number", "boolean": "true or false"}.get(of, of)


def within(schema):
    """The schema whose properties stand below this one."""
    for inner in (schema, schema.get("items", {})):
        if "properties" in inner:
            return inner
    return None


def keys(schema, out):
    needed = schema.get("required", [])
    out.append(".Bl -tag -width Ds")
    for name, of in schema["properties"].items():
        out.append(".It Cm " + plain(name) + ("  (required)" if name in needed else ""))
        out.append(plain(of.get("description", "")) )
        out.append(".Pq " + plain(kind(of)))
        if within(of):
            keys(within(of), out)
    out.append(".El")


def main():
    schema = json.load(sys.stdin)
    for line in open(sys.argv[1], encoding="utf-8"):
        found = re.fullmatch(r"@KEYS(?: (\w+))?@\n", line)
        if not found:
            sys.stdout.write(line)
            continue
        out = []
        keys(schema if found[1] is None else within(schema["properties"][found[1]]), out)
        print("\n".join(out))


main()
