#!/usr/bin/python3
"""core_is_pure - pure archives may call nothing but each other and a few functions on memory.

    core_is_pure.py ARCHIVE...

Stronger than a rule about includes: what is not called cannot happen. No clock, no I/O, no allocation.
"""
import re
import subprocess
import sys

ALLOWED = {
    "__assert_fail",
    "bcmp",
    "memchr",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "strchr",
    "strcmp",
    "strcspn",
    "strlen",
    "strncmp",
    "strnlen",
    "strspn",
}
# Added by the compiler: sanitizers, hardening, coverage, position-independent code.
RUNTIME = re.compile(r"__(asan|ubsan|sanitizer|sancov|tsan|gcov|llvm)_|__stack_chk|_GLOBAL_OFFSET_TABLE_"
                     r"|__start_|__stop_|__\w+_chk$")


def symbols(archive):
    """Names that the archive defines, and for each name that it lacks a member that needs it."""
    listing = subprocess.run(["nm", archive], check=True, capture_output=True, text=True).stdout
    defined, needed, member = set(), {}, archive
    for line in listing.splitlines():
        fields = line.split()
        if line.endswith(":"):
            member = line[:-1]
        elif len(fields) == 2 and fields[0] in ("U", "w"):
            needed.setdefault(fields[1], member)
        elif len(fields) == 3:
            defined.add(fields[2])
    return defined, needed


def main():
    defined, needed = set(), {}
    for archive in sys.argv[1:]:
        more_defined, more_needed = symbols(archive)
        defined |= more_defined
        needed.update(more_needed)
    if not defined:
        print("nothing is defined in there: are these the right archives?")
        return 1
    outside = sorted(n for n in needed.keys() - defined - ALLOWED if not RUNTIME.match(n))
    for name in outside:
        print(f"{needed[name]} calls {name}: pure code gets what it needs from its caller")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
