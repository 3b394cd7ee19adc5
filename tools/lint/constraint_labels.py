#!/usr/bin/env python3
"""Every constraint of an op is checked and tested.

An op's description in include/ lists its constraints as `* C1: ...`. Each label must stand
in a comment of the op's verifier, or of a function in the same file that the verifier
calls, and in the name of a test function `@<op>_c1` or `@<op>_c1_<detail>` of a file
test/*/invalid-*.mlir. No verifier and no test names a label that the description lacks.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OP = re.compile(r'^def \w*_(\w+Op) : \w+<"(\w+)"(.*?)(?=^def |\Z)', re.M | re.S)
LISTED = re.compile(r"^\s*\* (C\d+):", re.M)
FUNCTION = re.compile(r"^(?:[\w:<>&* ]+ )?\*?&?([\w:]+)\([^;{}]*\)(?: const)? \{\n.*?^\}", re.M | re.S)
TEST = re.compile(r"func\.func (?:private )?@(\w+?)_c(\d+)(?:_\w+)?\(")


def documented_constraints():
    """The labels in the description of each op, by (class name, op name)."""
    return {(op[1], op[2]): set(LISTED.findall(op[3]))
            for path in sorted(ROOT.glob("include/**/*.td"))
            for op in OP.finditer(path.read_text())}


def labels_of_function(name, functions, seen):
    """The labels in a function's comments and in those of the functions it calls."""
    if name in seen or name not in functions:
        return set()
    seen.add(name)
    body = functions[name]
    labels = set(re.findall(r"\bC\d+\b", " ".join(re.findall(r"//.*", body))))
    for callee in set(re.findall(r"\b(\w+)\(", body)):
        labels |= labels_of_function(callee, functions, seen)
    return labels


def verified_constraints():
    """The labels in the verifiers of each op and of its regions, by class name."""
    verified = {}
    for path in sorted(ROOT.glob("lib/**/*.cpp")):
        functions = {match[1]: match[0] for match in FUNCTION.finditer(path.read_text())}
        for name in functions:
            op_class, _, method = name.rpartition("::")
            if method in ("verify", "verifyRegions"):
                labels = verified.setdefault(op_class.split("::")[-1], set())
                labels |= labels_of_function(name, functions, set())
    return verified


def tested_constraints():
    """The labels in the names of test functions, by op name."""
    tested = {}
    for path in sorted(ROOT.glob("test/*/invalid-*.mlir")):
        for op, number in TEST.findall(path.read_text()):
            tested.setdefault(op, set()).add(f"C{number}")
    return tested


def main():
    documented = documented_constraints()
    verified, tested = verified_constraints(), tested_constraints()
    problems = []
    for (op_class, op), labels in documented.items():
        for where, found in (("verifier", verified.get(op_class, set())),
                             ("test", tested.get(op, set()))):
            problems += [f"{op}: {label} is in no {where}" for label in sorted(labels - found)]
            problems += [f"{op}: {label} is in a {where} but not in the description"
                         for label in sorted(found - labels)]
    problems += [f"{op}: tested, but no such op"
                 for op in sorted(tested.keys() - {op for _, op in documented})]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    count = sum(map(len, documented.values()))
    print(f"{count} constraints of {len(documented)} ops, {len(problems)} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
