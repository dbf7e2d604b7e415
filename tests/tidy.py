#!/usr/bin/python3
"""tidy - the rules of the layout, as a test (docs/architecture.md says why they are the rules).

    tidy.py SOURCE-FOLDER

Every message names the place and says what would be right.
"""
import pathlib
import re
import shutil
import subprocess
import sys

PROGRAMS = ["ingress", "sequencer", "fulfiller", "notifier", "cashier", "cli"]
FOLDERS = ["common", *PROGRAMS, "tests"]

# Code that only computes: no I/O, no clock, no allocation. core_is_pure.py looks at what it calls.
PURE_FOLDERS = ["common/pure/", "sequencer/core/"]
PURE_HEADERS = {"assert.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}

# A third-party library is included by the module that wraps it, and by nothing else.
OWNERS = {
    "nats/nats.h": ["common/bus_link_internal.h"],
    "libpq-fe.h": ["common/database.c"],
    "sodium.h": ["common/crypto.c"],
    "cjson/cJSON.h": ["common/json.c"],
    "llhttp.h": ["ingress/http_head.c"],
    "curl/curl.h": ["common/transfers.c"],
}
# What only some files may include of our own.
PRIVATE = {
    "common/bus_link_internal.h": ["common/bus_link.c", "common/bus_link_thread.c"],
    "common/pure/messages_entry.h": ["common/pure/messages.c", "common/pure/messages_decision.c"],
    "common/pure/messages_wire.h": [
        "common/pure/messages.c",
        "common/pure/messages_contacts.c",
        "common/pure/messages_decision.c",
        "common/pure/messages_payment.c",
    ],
}
# The loop is for .c files; a header that includes it makes every reader of the header depend on it.
LOOP_HEADERS = ["ingress/connection.h"]

BANNED_CALLS = {
    "strcpy": "memcpy with a checked size, or common/pure/text.h",
    "strcat": "common/pure/text.h",
    "sprintf": "common/pure/text.h or snprintf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "atoi": "text_parse_u64",
    "atol": "text_parse_u64",
    "atof": "text_parse_u64 and whole numbers",
    "strtok": "strcspn, or strsep on a copy",
    "alloca": "an array of a size from limits.h",
    "rand": "crypto_random",
}

FUNCTION_LINES_MAX = 70
SOURCE_LINES_MAX = 700
CLANG_FORMAT_MAJOR = 14  # Debian 12's; others format differently
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


class Checker:
    def __init__(self, root):
        self.root = root
        self.errors = []

    def error(self, name, line, text):
        self.errors.append(f"{name}:{line}: {text}")

    def files(self, *suffixes):
        for folder in FOLDERS:
            for path in sorted((self.root / folder).rglob("*")):
                if path.is_file() and path.suffix in suffixes:
                    yield path.relative_to(self.root).as_posix(), path

    # ---- includes ----------------------------------------------------------------------------

    def check_own_include(self, name, line, included):
        """Programs know common/ and themselves; common/pure and the core know less."""
        top = name.split("/")[0]
        if top == "tests":
            return
        if not included.startswith((f"{top}/", "common/")):
            self.error(name, line, f"{top} must not include {included}: programs share only common/")
        for folder in PURE_FOLDERS:
            if name.startswith(folder) and not included.startswith((folder, "common/pure/")):
                self.error(name, line, f"{folder} must not include {included}: it only computes")
        if included in PRIVATE and name not in PRIVATE[included]:
            self.error(name, line, f"{included} is for {', '.join(PRIVATE[included])} only")

    def check_system_include(self, name, line, included):
        top = name.split("/")[0]
        if name.startswith(tuple(PURE_FOLDERS)) and included not in PURE_HEADERS:
            self.error(name, line, f"pure code must not include <{included}>")
        if included in OWNERS and top != "tests" and name not in OWNERS[included]:
            owners = " or ".join(OWNERS[included])
            self.error(name, line, f"<{included}> belongs to {owners}: use what it offers")
        if included == "uv.h" and name.endswith(".h") and name not in LOOP_HEADERS:
            self.error(name, line, "write \"struct uv_loop_s;\" in a header instead of <uv.h>")

    # ---- one source file ----------------------------------------------------------------------

    def check_opening(self, name, path, lines):
        """'/*' and ' * name - sentence' on top; a .c file may leave it to its header."""
        if len(lines) > 1 and lines[0] == "/*" and lines[1].startswith(f" * {path.stem} - "):
            return
        if path.suffix == ".c" and path.with_suffix(".h").exists() and lines[:1] != ["/*"]:
            return
        self.error(name, 1, f"must open with '/*' and ' * {path.stem} - what it is for'")

    def check_functions(self, name, lines):
        opened = None
        for number, line in enumerate(lines, 1):
            if opened is None and re.match(r"(\w|\t).*\) \{$", line):
                opened = number
            elif opened is not None and line == "}":
                length = number - opened + 1
                if length > FUNCTION_LINES_MAX:
                    self.error(name, opened, f"function has {length} lines, at most "
                               f"{FUNCTION_LINES_MAX} are allowed: cut it at its seams")
                opened = None

    def check_line(self, name, number, line):
        if m := re.match(r'#include "([^"]+)"', line):
            self.check_own_include(name, number, m[1])
        elif m := re.match(r"#include <([^>]+)>", line):
            self.check_system_include(name, number, m[1])
        for call in re.findall(r"\b(\w+)\(", line):
            if call in BANNED_CALLS and not name.startswith("tests/"):
                self.error(name, number, f"instead of {call} use {BANNED_CALLS[call]}")

    def check_sources(self):
        for name, path in self.files(".c", ".h"):
            lines = path.read_text().splitlines()
            self.check_opening(name, path, lines)
            self.check_functions(name, lines)
            if path.suffix == ".c" and len(lines) > SOURCE_LINES_MAX:
                self.error(name, 1, f"{len(lines)} lines, at most {SOURCE_LINES_MAX} are allowed: "
                           "it does more than one thing")
            for number, line in enumerate(lines, 1):
                self.check_line(name, number, line)

    # ---- everything else -----------------------------------------------------------------------

    def check_unfinished(self):
        suffixes = (".c", ".h", ".py", ".js", ".html", ".css", ".sql", ".md", ".build", ".sh", "")
        folders = [*FOLDERS, "deploy", "docs", "web"]
        for path in sorted(p for f in folders for p in (self.root / f).rglob("*")):
            if not path.is_file() or path.suffix not in suffixes:
                continue
            name = path.relative_to(self.root).as_posix()
            if "fuzz/" in name and (".in/" in name or ".found/" in name):
                continue
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if m := UNFINISHED.search(line):
                    self.error(name, number, f"{m[0]}: do it now, or write an issue")

    def check_builds(self):
        """A program's meson.build names common's dependencies and its own."""
        for program in PROGRAMS:
            path = self.root / program / "meson.build"
            if not path.exists():
                continue
            others = "|".join(p for p in PROGRAMS if p != program)
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = line.split("#")[0]
                if m := re.search(rf"(?<![\w'./-])((?:{others})_\w+)", code):
                    self.error(f"{program}/meson.build", number,
                               f"{program} must not depend on {m[1]}: move it to common/")

    def check_format(self):
        tool = shutil.which("clang-format")
        if tool is None:
            self.error("tests/tidy.py", 1, "clang-format is missing: apt-get install clang-format")
            return
        version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
        if not re.search(rf"version {CLANG_FORMAT_MAJOR}\.", version):
            print(f"formatting is not checked: it is defined by clang-format {CLANG_FORMAT_MAJOR}")
            return
        names = [name for name, _ in self.files(".c", ".h")]
        result = subprocess.run([tool, "--dry-run", "-Werror", *names], cwd=self.root,
                                capture_output=True, text=True)
        wrong = {}
        for m in re.finditer(r"^([^:\n]+):(\d+):\d+: error", result.stderr, re.M):
            wrong.setdefault(m[1], m[2])
        for name, line in wrong.items():
            self.error(name, line, f"not formatted: clang-format -i {name}")
        if result.returncode != 0 and not wrong:
            self.error(".clang-format", 1, result.stderr.strip())


def main():
    checker = Checker(pathlib.Path(sys.argv[1]))
    checker.check_sources()
    checker.check_unfinished()
    checker.check_builds()
    checker.check_format()
    print("\n".join(checker.errors))
    return 1 if checker.errors else 0


if __name__ == "__main__":
    sys.exit(main())
