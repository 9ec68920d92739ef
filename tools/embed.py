#!/usr/bin/python3
"""Writes files as C strings into a header: embed.py OUT FILE..."""
import pathlib
import re
import sys

out = ['/* Made by tools/embed.py. */']
for name in sys.argv[2:]:
    path = pathlib.Path(name)
    lines = path.read_text().splitlines()
    out.append(f'static const char {re.sub("[^a-z0-9]", "_", path.name.lower())}[] =')
    out += ['\t"' + line.replace('\\', '\\\\').replace('"', '\\"').replace('\t', '\\t') + '\\n"' for line in lines]
    out[-1] += ';'
pathlib.Path(sys.argv[1]).write_text('\n'.join(out) + '\n')
