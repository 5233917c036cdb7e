#!/usr/bin/python3
"""The style rules that a program can check: lengths, include direction between the rooms, banned calls, headers, README tables.

    tidy.py [--hawser build/bin/hawser] TOP          exit code 0, or 1 with each finding as file:line: text

With --hawser the property tables of the plugins' READMEs are compared with what the plugins declare; --write-tables renews them.
"""
import argparse
import json
import os
import re
import subprocess
import sys

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 120
SOURCES = (".cpp", ".hpp", ".h", ".c")
FOLDERS = ("sdk", "engine", "adapters", "pipelines", "samples", "tests", "bench")

# Which rooms of engine/ a room may include; the table of rooms in docs/decisions.md is the same in words.
BASE = {"base"}
MESSAGE = BASE | {"message", "certificates"}
ROOMS = {
    "base": BASE,
    "message": MESSAGE,
    "audit": BASE | {"audit", "hawser"},
    "certificates": BASE | {"certificates"},
    "bindings": MESSAGE | {"bindings"},
    "messagebox": MESSAGE | {"messagebox"},
    "routing": MESSAGE | {"routing"},
    "plugins": MESSAGE | {"plugins"},
    "pipeline": MESSAGE | {"plugins", "pipeline"},
    "delivery": MESSAGE | {"bindings", "messagebox", "routing", "plugins", "pipeline", "delivery"},
    "runtime": MESSAGE | {"bindings", "messagebox", "routing", "plugins", "pipeline", "delivery", "control", "audit", "runtime",
                          "hawser"},
    "control": BASE | {"control", "hawser"},
    "host": BASE | {"host", "hawser"},
}
PUBLIC_HEADERS = {"hawser/host.hpp", "hawser/types.hpp", "hawser/log.hpp", "hawser/audit.hpp"}

BANNED = {
    r"\basio::detached\b": "an exception there vanishes: use the one spawn() that reports",
    r"(?<![\w.:>])system\s*\(": "no shell",
    r"\bpopen\s*\(": "no shell",
    r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|mktemp|tmpnam)\s*\(": "unsafe",
    r"\.detach\s*\(\s*\)": "a thread that nobody joins",
    r"\b(rand|srand)\s*\(": "not random",
    r"\busing namespace std\b": "names explain themselves",
    r"\b(TODO|FIXME|XXX)\b": "finish it, or open an issue",
    r"#include <(boost/thread|boost/regex|iostream>)": "heavy: use base/ or fmt",
}
ALLOWED = {
    # Tests make certificates with the openssl command: fixed words, nothing from outside.
    ("engine/certificates/certificate_store_test.cpp", r"\bpopen\s*\("),
}
FUNCTION_BEGIN = re.compile(r"^(?!\s*(namespace|class|struct|union|enum|extern|else|do|try|switch|if|for|while|#|//|TEST_|BENCHMARK))"
                            r".*\)[^;{}]*\{\s*(//.*)?$")


class Findings:
    def __init__(self, top):
        self.top, self.count = top, 0

    def add(self, path, line, text):
        self.count += 1
        print(f"{os.path.relpath(path, self.top)}:{line}: {text}")


def without_strings(line):
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"'(\\.|[^'\\])'", "' '", line)


def source_files(top):
    for folder in FOLDERS:
        for root, folders, names in os.walk(os.path.join(top, folder)):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in sorted(names):
                if name.endswith(SOURCES + (".py", ".sh")):
                    yield os.path.join(root, name)


def check_lengths(path, lines, findings):
    if len(lines) > FILE_LINES_MAX:
        findings.add(path, len(lines), f"{len(lines)} lines, at most {FILE_LINES_MAX}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX + 60 * path.endswith((".py", ".sh")):
            findings.add(path, number, f"{len(line)} columns, at most {LINE_COLUMNS_MAX}")


def check_functions(path, lines, findings):
    """A function ends where a brace stands at the indentation of its first line; the code is formatted, so that holds."""
    begin = None
    for number, line in enumerate(lines, 1):
        plain = without_strings(line)
        indent = len(line) - len(line.lstrip())
        if begin is None and FUNCTION_BEGIN.match(plain) and indent <= 4:
            begin = (number, indent)
        elif begin is not None and indent == begin[1] and plain.strip().startswith("}"):
            if number - begin[0] + 1 > FUNCTION_LINES_MAX:
                findings.add(path, begin[0], f"a function of {number - begin[0] + 1} lines, at most {FUNCTION_LINES_MAX}")
            begin = None


def check_banned(path, lines, findings):
    for number, line in enumerate(lines, 1):
        code = without_strings(line)
        comment = code.find("//")
        for pattern, reason in BANNED.items():
            where = code if "TODO" in pattern else code[:comment] if comment >= 0 else code
            found = re.search(pattern, where)
            if found and (os.path.relpath(path, findings.top), pattern) not in ALLOWED:
                findings.add(path, number, f"{found[0].strip()} is banned: {reason}")


def check_header(path, lines, findings):
    text = "\n".join(lines)
    if "#pragma once" not in text and not path.endswith(".h"):
        findings.add(path, 1, "no #pragma once")
    if not lines or not lines[0].startswith(("//", "/*")):
        findings.add(path, 1, "a header begins with a comment that says what it is")
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*using namespace ", line):
            findings.add(path, number, "using namespace in a header")


def includes(lines):
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if match:
            yield number, match[1]


def check_rooms(path, lines, findings, rooms):
    """A room of the engine includes only what lies below it; a plugin and a sample include no engine room at all."""
    parts = os.path.relpath(path, findings.top).split(os.sep)
    if parts[0] == "engine" and len(parts) > 2 and not path.endswith("_test.cpp") and parts[1] in rooms:
        if parts[1] not in ROOMS:
            return findings.add(path, 1, f"room {parts[1]} is not in tidy's table: say what it may use")
        for number, name in includes(lines):
            room = name.split("/")[0]
            if room in rooms and room not in ROOMS[parts[1]]:
                findings.add(path, number, f"{parts[1]} may not include {room}")
            if name in PUBLIC_HEADERS and "hawser" not in ROOMS[parts[1]] and parts[1] != "delivery":
                findings.add(path, number, f"{parts[1]} may not include the public embedding API")
    if parts[0] in ("adapters", "pipelines", "sdk"):
        for number, name in includes(lines):
            if (name.split("/")[0] in rooms and "/" in name) or name in PUBLIC_HEADERS:
                findings.add(path, number, f"{parts[0]} may use the SDK only, not {name}")
    return None


# -- README tables ------------------------------------------------------------------------------------------------------

def table_of(component):
    rows = ["| Property | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for one in component["properties"]:
        kind = one["words"] or one["type"]
        kind = ", ".join(re.sub(r"=\d+", "", word) for word in kind.split("|"))
        marks = [text for flag, text in (("required", "required"), ("secret", "secret")) if one[flag]]
        default = f"`{one['default']}`" if one["default"] else ", ".join(marks) or "-"
        text = one["text"].replace("|", "\\|")
        rows.append(f"| `{one['name']}` | {kind} | {default} | {text} |")
    return "\n".join(rows)


def check_tables(top, hawser, findings, writes):
    """Between "<!-- properties ID -->" and "<!-- end -->" stands what `hawser plugins show` says about ID."""
    shown = subprocess.run([hawser, "plugins", "show", "--json"], capture_output=True, text=True, check=True).stdout
    components = {one["id"]: one for one in json.loads(shown)["plugins"]}
    documented = set()
    for folder in ("adapters", "pipelines"):
        for name in sorted(os.listdir(os.path.join(top, folder))):
            path = os.path.join(top, folder, name, "README.md")
            if not os.path.isdir(os.path.dirname(path)):
                continue
            if not os.path.exists(path):
                findings.add(path, 1, "a plugin has a README.md")
                continue
            with open(path, encoding="utf-8") as file:
                text = file.read()

            def renewed(match):
                documented.add(match[1])
                if match[1] not in components:
                    findings.add(path, 1, f"no component {match[1]}")
                    return match[0]
                return f"<!-- properties {match[1]} -->\n{table_of(components[match[1]])}\n<!-- end -->"

            new = re.sub(r"<!-- properties (\S+) -->\n.*?<!-- end -->", renewed, text, flags=re.DOTALL)
            if new != text and writes:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(new)
            elif new != text:
                findings.add(path, 1, "the table of properties is out of date: run tests/tidy/tidy.py --write-tables")
    for missing in sorted(set(components) - documented):
        findings.add(os.path.join(top, "README.md"), 1, f"no plugin's README has a table of {missing}'s properties")


def main():
    parser = argparse.ArgumentParser(description="style rules as a test")
    parser.add_argument("--hawser")
    parser.add_argument("--write-tables", action="store_true")
    parser.add_argument("top")
    options = parser.parse_args()
    top = os.path.abspath(options.top)
    findings = Findings(top)
    rooms = {name for name in os.listdir(os.path.join(top, "engine")) if os.path.isdir(os.path.join(top, "engine", name))}
    rooms.discard("include")
    for path in source_files(top):
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")[:-1]
        check_lengths(path, lines, findings)
        if path.endswith(SOURCES):
            check_functions(path, lines, findings)
            check_banned(path, lines, findings)
            check_rooms(path, lines, findings, rooms)
        if path.endswith((".hpp", ".h")):
            check_header(path, lines, findings)
    if options.hawser:
        check_tables(top, options.hawser, findings, options.write_tables)
    print(f"{findings.count} findings")
    return 1 if findings.count else 0


if __name__ == "__main__":
    sys.exit(main())
