#!/usr/bin/env python3
"""Time the layers of layers.json here, in PyTorch and in ONNX Runtime, and check that the outputs agree.

  compare_peers.py MOE-RUN [--layers=NAME,...] [--dtypes=f32,bf16] [--tokens=1,8,64,512,4096]

PyTorch runs the transformers library's own block, with its eager and its grouped_mm experts;
ONNX Runtime runs its op com.microsoft.MoE on the CPU, where that can express the layer. All get
the same weights, input and number of threads: all cores. Times are medians, with the smallest
and the largest, without a first run. `ratio` is the best of the others' medians by ours; the
last line has the geometric mean of all ratios. An error is the relative L2 error against
the eager output over the tokens that got the same experts, with the number of the others in
parentheses: in bf16, logits are often nearly equal. `-` is a peer that cannot run the layer or
takes too long. The exit status is 1 if outputs do not agree.
Needs torch, transformers, safetensors, onnx and onnxruntime.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import onnxruntime
import torch
from safetensors.torch import load_file, save_file

from library_block import agrees, choose_experts, compare, random_block, run_block
from models import GOLDENS, variant
from onnx_layer import onnx_layer

HERE = Path(__file__).resolve().parent

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
LARGEST_ERROR = {"f32": 1e-4, "bf16": 3e-2}
HEADING = (
    "layer", "dtype", "tokens", "ours ms", "eager ms", "grouped ms", "onnx ms", "ratio", "ours error",
    "grouped error", "onnx error",
)
SECONDS = 3  # to repeat a layer for
LONGEST_RUN = 20


def time_calls(layer, tokens):
    """The times in milliseconds, sorted, and the number of runs, or None if they take too long."""
    times = []
    for _ in range(100):
        start = time.perf_counter()
        layer(tokens)
        times.append(time.perf_counter() - start)
        if times[0] > LONGEST_RUN:
            return None, 1
        if len(times) >= 3 and sum(times) > SECONDS:
            break
    return sorted(1e3 * seconds for seconds in times[1:]), len(times)


def time_block(block, implementation, tokens):
    choose_experts(block, implementation)
    return time_calls(lambda tokens: block(tokens[None]), tokens)


def run_ours(moe_run, folder, repeat):
    """The smallest, the median and the largest time in milliseconds, the output and the ids."""
    command = [
        moe_run, folder / "config.json", f"--weights={folder}/weights.safetensors",
        f"--input={folder}/input.safetensors", f"--output={folder}/output.safetensors", "--dump-routing",
        f"--repeat={repeat}", "--json",
    ]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.returncode)
    results = load_file(folder / "output.safetensors")
    report = json.loads(done.stdout)
    times = [report["min_ms"], report["ms"], report["max_ms"]]
    return times, results["hidden_states"], results["topk_ids"]


def rows(moe_run, layer, dtype, all_tokens):
    """The columns of the layer's lines, and whether the outputs agree."""
    kind = layer["config"]["model_type"]
    golden = next(golden for golden in GOLDENS.values() if golden.config["model_type"] == kind)
    golden = variant(golden, config=layer["config"])
    block, state = random_block(golden, DTYPES[dtype])
    onnx = onnx_layer(golden, state, DTYPES[dtype])
    hidden = layer["config"]["hidden_size"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.json").write_text(json.dumps(layer["config"]))
        path = golden.names.published if golden.names.fused is None else golden.names.fused
        save_file({golden.prefix + path + name: state[name] for name in state}, folder / "weights.safetensors")
        for tokens in all_tokens:
            hidden_states = torch.randn(tokens, hidden).to(DTYPES[dtype])
            save_file({"hidden_states": hidden_states}, folder / "input.safetensors")
            eager, runs = time_block(block, "eager", hidden_states)
            grouped, _ = time_block(block, "grouped_mm", hidden_states)
            other = time_calls(onnx, hidden_states)[0] if onnx else None
            ours, *found = run_ours(moe_run, folder, max(3, runs))
            expected = run_block(golden, block, "eager", hidden_states)
            outputs = [found, grouped and run_block(golden, block, "grouped_mm", hidden_states)]
            outputs.append(other and onnx(hidden_states))
            errors = [compare(output, expected) if output else None for output in outputs]
            best = min(map(statistics.median, filter(None, (eager, grouped, other))), default=float("nan"))
            ratio = best / statistics.median(ours)
            shown = [show_times(times) for times in (ours, eager, grouped, other)] + [f"{ratio:.2f}"]
            shown += [f"{error[0]:.1e} ({error[1]})" if error else "-" for error in errors]
            agree = all(agrees(*error, LARGEST_ERROR[dtype], tokens) for error in errors if error)
            yield (layer["name"], dtype, str(tokens), *shown), agree, ratio


def show_times(times):
    return f"{statistics.median(times):.2f} ({times[0]:.2f}-{times[-1]:.2f})" if times else "-"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("moe_run")
    parser.add_argument("--layers")
    parser.add_argument("--dtypes", default="f32,bf16")
    parser.add_argument("--tokens", default="1,8,64,512,4096")
    options = parser.parse_args()
    layers = json.loads((HERE / "layers.json").read_text())
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(0)
    agree = True
    ratios = []
    versions = f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}"
    print(f"{versions}, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}\n")
    print("| " + " | ".join(HEADING) + " |\n|" + "---|" * len(HEADING))
    with torch.inference_mode():
        for layer in layers:
            if options.layers and layer["name"] not in options.layers.split(","):
                continue
            for dtype in options.dtypes.split(","):
                tokens = [int(n) for n in options.tokens.split(",")]
                for row, same, ratio in rows(options.moe_run, layer, dtype, tokens):
                    print("| " + " | ".join(row) + " |", flush=True)
                    agree &= same
                    if ratio > 0:  # not NaN
                        ratios.append(ratio)
    if ratios:
        print(f"\ngeometric mean of {len(ratios)} ratios: {statistics.geometric_mean(ratios):.2f}")
    if not agree:
        sys.exit("error: the outputs do not agree")


if __name__ == "__main__":
    main()
