#!/usr/bin/env python3
"""Every ```mlir block in a .td file or the README parses, verifies and round-trips.

  doc_examples.py MOE-OPT
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^[ \t]*```mlir\n(.*?)^[ \t]*```$", re.M | re.S)


def examples():
    """(where, text) of each block."""
    for path in [*sorted(ROOT.glob("include/**/*.td")), ROOT / "README.md"]:
        text = path.read_text()
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            yield f"{path.relative_to(ROOT)}:{line}", block[1]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: doc_examples.py MOE-OPT")
    count = problems = 0
    for where, text in examples():
        count += 1
        run = subprocess.run([sys.argv[1], "--verify-roundtrip", "-o", "/dev/null"],
                             input=text, text=True, capture_output=True)
        if run.returncode:
            problems += 1
            print(f"{where}: error: this example does not round-trip\n{run.stderr}",
                  file=sys.stderr)
    print(f"{count} examples, {problems} problems")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
