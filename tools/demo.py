#!/usr/bin/env python3
"""Run a layer of four models, print how far each is from what its own code gives, and how
fast it is as a bundle that a C program loads, beside the reference lowering. Then run two of
them as kernels of an H100 in simulation, and print what ptxas, if it is there, makes of these.
Last, print what the cost model that schedules are chosen by expects of an H100 for published
sizes of these two: an estimate, not a measurement.

  demo.py BINARIES
"""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import kernel_report

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "test" / "Models"
PROGRAM = ROOT / "test" / "Bundle" / "Inputs" / "run_layer.c"
SIMULATED = ("mixtral", "qwen3_moe")
SHOWN = ("mixtral", "qwen3_moe", "deepseek_v3", "gpt_oss")
HEADING = ("model", "shape", "tokens", "error", "ms")
SPEED_HEADING = ("model", "tokens", "reference ms", "bundle ms", "ratio")
GPU_HEADING = ("model on sm_90a", "tokens", "error", "kernels", "registers", "spilled bytes")
ESTIMATED = ("mixtral-8x7b", "qwen3-30b-a3b")
ESTIMATED_TOKENS = (512, 4096)
ESTIMATE_HEADING = ("estimate for sm_90a", "tokens", "layer ms", "roofline ms", "of roofline")
TOKENS = 4096  # that the C program runs


def run(*command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def report(binaries, model, *options, dtype="f32"):
    """What `moe-run --json` says of the model's layer."""
    files = MODELS / model / dtype
    return json.loads(run(
        binaries / "moe-run", MODELS / model / "config.json",
        f"--weights={files}/weights.safetensors", "--json", *options))


def check(binaries, model):
    """Against the golden data of the model."""
    files = MODELS / model / "f32"
    found = report(binaries, model, "--repeat=10", f"--input={files}/input.safetensors",
                   f"--expect={files}/expected.safetensors")
    shape = f"H={found['hidden']} E={found['experts']} k={found['top_k']}"
    return model, shape, str(found["tokens"]), f"{found['error']:.1e}", f"{found['ms']:.2f}"


def write_input(model, path):
    """The golden input, its rows repeated."""
    stored = (MODELS / model / "f32" / "input.safetensors").read_bytes()
    (size,) = struct.unpack_from("<Q", stored)
    entry = json.loads(stored[8:8 + size])["hidden_states"]
    begin, end = entry["data_offsets"]
    rows = stored[8 + size + begin:8 + size + end]
    width = entry["shape"][-1]
    data = (rows * (TOKENS * width * 4 // len(rows) + 1))[:TOKENS * width * 4]
    header = json.dumps({"hidden_states": {
        "dtype": entry["dtype"], "shape": [TOKENS, width], "data_offsets": [0, len(data)]}})
    header += " " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)


def time_bundle(binaries, model, folder):
    """Compiles the layer, and a program that knows nothing but its bundle."""
    compiler = shutil.which("cc") or "clang-22"
    bundle = folder / model
    files = MODELS / model / "f32"
    run(binaries / "moe-compile", MODELS / model / "config.json", "--dtype=f32", "-o", bundle)
    run(compiler, "-O1", f"-DLAYER_NAME={model}", f'-DLAYER_HEADER="{model}.h"', f"-I{bundle}",
        PROGRAM, bundle / f"{model}.c", "-o", folder / "program", "-lpthread", "-ldl", "-lm")
    printed = run(folder / "program", bundle, files / "weights.safetensors",
                  files / "input.safetensors", files / "expected.safetensors", "1e-5")
    return float(printed.split("milliseconds of")[1].split(":")[1])


def compare_speed(binaries, model):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_input(model, folder / "input.safetensors")
        reference = report(binaries, model, "--repeat=10", "--fuse=false",
                           f"--input={folder}/input.safetensors")["ms"]
        bundle = time_bundle(binaries, model, folder)
    return model, str(TOKENS), f"{reference:.2f}", f"{bundle:.2f}", f"{reference / bundle:.1f}"


def assemble(binaries, model, folder):
    """How many kernels the bundle for a GPU has, the most registers of one, and all spills."""
    run(binaries / "moe-compile", MODELS / model / "config.json", "--dtype=bf16",
        "--target=sm_90a", "-o", folder / model)
    if not kernel_report.find_tool("ptxas"):
        return "no ptxas", "", ""
    lines = "".join(run(sys.executable, ROOT / "tools" / "kernel_report.py", ptx)
                    for ptx in sorted((folder / model).glob("*.ptx")))
    registers = [int(it) for it in re.findall(r"(\d+) registers", lines)]
    spilled = sum(map(int, re.findall(r"(\d+) bytes spill", lines)))
    return str(len(registers)), str(max(registers)), str(spilled)


def simulate(binaries, model):
    files = MODELS / model / "bf16"
    found = report(binaries, model, "--target=sim-sm_90a", f"--input={files}/input.safetensors",
                   f"--expect={files}/expected.safetensors", dtype="bf16")
    with tempfile.TemporaryDirectory() as folder:
        kernels = assemble(binaries, model, Path(folder))
    return model, str(found["tokens"]), f"{found['error']:.1e}", *kernels


def estimate(binaries, name, tokens):
    """What the remarks of the passes that choose plan and schedules say, summed. The roofline is
    the arithmetic at the peak, or the weights that are needed at the memory's rate."""
    layers = json.loads((ROOT / "benchmarks" / "layers.json").read_text())
    config = next(layer["config"] for layer in layers if layer["name"] == name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config))
        layer = run(binaries / "moe-import", path, "--dtype=bf16")
    said = subprocess.run(
        [binaries / "moe-opt", f"--moe-plan-kernels=target=sm_90a tokens={tokens}", "-o", os.devnull,
         "--remark-policy=all", "--remarks-filter=moe-select-.*"],
        input=layer, text=True, stderr=subprocess.PIPE, check=True).stderr
    totals = {key: sum(map(float, re.findall(rf"\b{key}=([^,\s]+)", said)))
              for key in ("seconds", "peakSeconds", "weightSeconds")}
    roofline = max(totals["peakSeconds"], totals["weightSeconds"])
    return (name, str(tokens), f"{1e3 * totals['seconds']:.2f}", f"{1e3 * roofline:.2f}",
            f"{roofline / totals['seconds']:.0%}")


def show(heading, rows):
    rows = [heading, *rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for cells in rows:
        print("  ".join(map(str.ljust, cells, widths)).rstrip())


def show_estimates(binaries):
    show(ESTIMATE_HEADING, [estimate(binaries, name, tokens)
                            for name in ESTIMATED for tokens in ESTIMATED_TOKENS])


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: demo.py BINARIES")
    binaries = Path(sys.argv[1])
    show(HEADING, [check(binaries, model) for model in SHOWN])
    print()
    show(SPEED_HEADING, [compare_speed(binaries, model) for model in SHOWN])
    print()
    show(GPU_HEADING, [simulate(binaries, model) for model in SIMULATED])
    print()
    show_estimates(binaries)


if __name__ == "__main__":
    main()
