#!/usr/bin/env python3
"""The table of `tools/dev demo` from moe-run's reports, one JSON object a line."""

import json
import sys

COLUMNS = ("model", "shape", "tokens", "error", "ms")


def row(report):
    shape = "H={hidden} E={experts} k={top_k}".format(**report)
    return (report["model"], shape, str(report["tokens"]), f"{report['error']:.1e}",
            f"{report['ms']:.2f}")


rows = [COLUMNS, *(row(json.loads(line)) for line in sys.stdin if line.strip())]
widths = [max(map(len, column)) for column in zip(*rows)]
for cells in rows:
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
