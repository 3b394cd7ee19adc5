#!/usr/bin/env python3
"""No two types of a namespace that files share have the same name.

A linker keeps one of the functions that such types make inline, such as those of their
vectors, for both of them. What only one file sees is free to be called anything: it is in an
anonymous namespace.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = re.compile(r"^namespace ([\w:]*) ?\{$|^\} // namespace(?: .*)?$")
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: :.*|:.*)?(?: \{.*|)$")


def named_types(path):
    """The full names of the types that a file defines at namespace level."""
    namespaces = []
    for line in path.read_text().splitlines():
        if match := NAMESPACE.match(line):
            if line.startswith("namespace"):
                namespaces.append(match[1])
            elif namespaces:
                namespaces.pop()
        elif (match := TYPE.match(line)) and all(namespaces) and not line.endswith(";"):
            yield "::".join(namespaces + [match[1]])


def main():
    found, errors = {}, []
    for folder in ("include", "lib"):
        for path in sorted(ROOT.glob(f"{folder}/**/*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            for name in named_types(path):
                first = found.setdefault(name, path)
                if first != path:
                    errors.append(f"{path.relative_to(ROOT)}: type {name} is also in "
                                  f"{first.relative_to(ROOT)}")
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


sys.exit(main())
