#!/usr/bin/env python3
"""Run a layer of four models and print how far each is from what its own code gives.

  demo.py MOE-RUN
"""

import json
import subprocess
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parents[1] / "test" / "Models"
SHOWN = ("mixtral", "qwen3_moe", "deepseek_v3", "gpt_oss")
HEADING = ("model", "shape", "tokens", "error", "ms")


def report(moe_run, model):
    """What `moe-run --json` says of the model's layer."""
    files = MODELS / model / "f32"
    run = subprocess.run(
        [moe_run, MODELS / model / "config.json", f"--weights={files}/weights.safetensors",
         f"--input={files}/input.safetensors", f"--expect={files}/expected.safetensors",
         "--repeat=10", "--json"],
        text=True, stdout=subprocess.PIPE)
    if run.returncode:
        sys.exit(run.returncode)
    return json.loads(run.stdout)


def row(model, run):
    return (model, f"H={run['hidden']} E={run['experts']} k={run['top_k']}", str(run["tokens"]),
            f"{run['error']:.1e}", f"{run['ms']:.2f}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py MOE-RUN")
    rows = [HEADING, *(row(model, report(sys.argv[1], model)) for model in SHOWN)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for cells in rows:
        print("  ".join(map(str.ljust, cells, widths)).rstrip())


if __name__ == "__main__":
    main()
