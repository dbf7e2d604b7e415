"""Writes the numbered migrations as a C table, so that the tool always has the schema that it needs.

usage: embed.py TARGET.c MIGRATION.sql ...
"""
import pathlib
import re
import sys

target = pathlib.Path(sys.argv[1])
files = sorted(map(pathlib.Path, sys.argv[2:]), key=lambda path: path.name)
lines = ['#include "cli/migrations.h"', ""]
rows = []
for expected, path in enumerate(files, 1):
    match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", path.name)
    if match is None or int(match[1]) != expected:
        sys.exit(f"{path.name}: migrations are numbered without gaps, this one {expected:04}_<name>.sql")
    content = path.read_bytes() + b"\0"
    if content.count(b"\0") != 1:
        sys.exit(f"{path.name}: has a NUL in it")
    # Numbers, since a string literal may not be that long in standard C.
    numbers = [str(byte if byte < 128 else byte - 256) for byte in content]
    lines.append(f"static const char sql_{expected}[] = {{")
    lines += ["\t" + ",".join(numbers[i : i + 24]) + "," for i in range(0, len(numbers), 24)]
    lines.append("};")
    rows.append(f'\t{{{expected}, "{path.stem}", sql_{expected}}},')
lines += ["", "const struct migration migrations[] = {", *rows, "};"]
lines.append(f"const size_t migrations_count = {len(rows)};")
target.write_text("\n".join(lines) + "\n")
