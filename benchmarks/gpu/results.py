"""What a run has found: a file that is whole after every cell, and a table of it."""

import json
import os
import statistics
from pathlib import Path

HEADING = ("layer", "routing", "tokens", "experts, skew", "ours ms", "warm", "best peer", "ratio", "of ceiling",
           "error")


class Results:
    """The cells of a run, and those of an earlier one of the same code on the same card."""

    def __init__(self, path, header, earlier=None):
        self.path = Path(path) if path else None
        self.found = {**header, "checks": [], "cells": []}
        earlier = self.read(self.path) or self.read(earlier)
        same = all(earlier.get(key) == header[key] for key in ("device", "torch", "commit", "peers"))
        if earlier and not same:
            print("earlier results are of another device, PyTorch, commit or set of peers: all is run again")
        if earlier and same:
            self.found |= {key: earlier[key] for key in ("checks", "cells", "refused", "configurations")}

    @staticmethod
    def read(path):
        return json.loads(Path(path).read_text()) if path and Path(path).exists() else {}

    def has(self, kind, key):
        return any(tuple(it[name] for name in ("layer", "routing", "tokens")) == key for it in self.found[kind])

    def add(self, kind, record):
        self.found[kind].append(record)
        if self.path:
            whole = self.path.with_suffix(".part")
            whole.write_text(json.dumps(self.found, indent=1) + "\n")
            os.replace(whole, self.path)


def show_heading():
    print("| " + " | ".join(HEADING) + " |\n|" + "---|" * len(HEADING))


def show_time(cell, name):
    mark = "" if cell["graph"][name] else "*"
    return f"{cell['cold'][name]['ms']:.4f} ({cell['cold'][name]['spread']:.4f}){mark}"


def show_ceiling(cell):
    bound = cell["bound"]
    return f"{cell['of_' + bound]:.0%} {bound}"


def show(cell):
    routed = cell["routed"]
    best = f"{cell['best']} {show_time(cell, cell['best'])}" if cell["best"] else "-"
    error, rerouted = cell["errors"]["ours"]
    row = (cell["layer"], cell["routing"], cell["tokens"], f"{routed['experts']}/{routed['of']} {routed['skew']:.1f}x",
           show_time(cell, "ours"), f"{cell['warm']['ours']['ms']:.4f}", best,
           f"{cell['ratio']:.2f}" if cell["best"] else "-", show_ceiling(cell), f"{error:.1e} ({rerouted})")
    print("| " + " | ".join(map(str, row)) + " |", flush=True)


def mean_ratio(cells):
    ratios = [cell["ratio"] for cell in cells if cell["best"]]
    return f"{statistics.geometric_mean(ratios):.2f} over {len(ratios)} cells" if ratios else "no cell has a peer"


def show_summary(found):
    cells = found["cells"]
    print(f"\ngeometric mean of ratios, cold: {mean_ratio(cells)}")
    for routing in dict.fromkeys(cell["routing"] for cell in cells):
        for bound, name in (("cublas", "bound by arithmetic"), ("copy", "bound by memory")):
            part = [cell for cell in cells if cell["routing"] == routing and cell["bound"] == bound]
            if part:
                print(f"  {routing}, {name}: {mean_ratio(part)}")
    below = [cell for cell in cells if cell["best"] and cell["ratio"] < 1]
    print(f"cells below 1.0: {len(below)}")
    for cell in below:
        print(f"  {cell['layer']} {cell['routing']} {cell['tokens']}: {cell['ratio']:.2f} ({cell['best']})")
    for layer, refused in found["refused"].items():
        for peer, why in refused.items():
            print(f"{layer}: {peer} is not run: {why}")
    for cell in cells:
        for peer, why in cell["failed"].items():
            print(f"{cell['layer']} {cell['routing']} {cell['tokens']}: {peer} does not count: {why}")
