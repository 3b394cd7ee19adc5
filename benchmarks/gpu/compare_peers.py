#!/usr/bin/env python3
"""Check layers on a GPU and time them beside PyTorch: same weights, inputs, card and run.

  compare_peers.py compile MOE-COMPILE FOLDER [--layers=NAME,...] [--target=sm_90a]
  compare_peers.py run FOLDER [--layers=NAME,...] [--tokens=1,16,512,...] [--json=FILE]

`compile` needs no GPU: FOLDER then has a bundle and its interface for each layer of
benchmarks/layers.json. `run` needs FOLDER, a GPU, torch and transformers. For every layer and
number of tokens it poisons outputs and workspace, runs the layer, and compares the result with
that of the transformers library's own block on the same weights in bf16; an error is relative L2
over the tokens that got the same experts, the number of the others in parentheses. Then it times,
in turn, ours and the block with its eager and its grouped_mm experts: replays of a CUDA graph, or
calls where the block cannot be captured (marked *), each after a write that clears the cache;
medians with the quartiles' distance. `ratio` is the best of the others by ours; `ceiling` is the
share of the larger of two floors: operations at the rate of this run's largest cuBLAS product,
bytes of weights and tokens at the rate of its largest copy. The exit status is 1 if outputs do
not agree.

With --target=sim-sm_90a and --layers=golden the same runs on the driver that simulates a GPU, on
the small layers of test/Models: LD_LIBRARY_PATH=build/lib/moe-sim compare_peers.py run FOLDER
--simulated. Times then mean nothing.
"""

import argparse
import ctypes
import json
import statistics
import sys
import time
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from bundle import Bundle, compile_bundle, shape_of  # noqa: E402
from library_block import agrees, choose_experts, compare, random_block, run_block  # noqa: E402
from generate import published  # noqa: E402
from models import GOLDENS, variant  # noqa: E402

LARGEST_ERROR = 2e-2
TYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "I32": torch.int32, "I64": torch.int64}
HEADING = ("layer", "tokens", "ours ms", "eager ms", "grouped ms", "ratio", "ceiling", "error")
GOLDEN = ("mixtral", "qwen3_moe", "qwen3_next", "gpt_oss", "olmoe", "deepseek_v3", "gemma4")  # that --layers=golden names
REPETITIONS = 30


def list_layers(names):
    """Pairs of a name in C and a golden layer with the config to time."""
    if names == "golden":
        return [(name, variant(GOLDENS[name])) for name in GOLDEN]
    layers = json.loads((HERE.parent / "layers.json").read_text())
    found = []
    for layer in layers:
        if names and layer["name"] not in names.split(","):
            continue
        kind = layer["config"]["model_type"]
        golden = next(golden for golden in GOLDENS.values() if golden.config["model_type"] == kind)
        found.append((layer["name"].replace("-", "_").replace(".", "_"), variant(golden, config=layer["config"])))
    return found


def compile_all(options):
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, golden in list_layers(options.layers):
        config = folder / f"{name}.json"
        config.write_text(json.dumps(golden.config))
        compile_bundle(options.moe_compile, config, folder, name, options.target)


class Gpu:
    """Where tensors are, and how work on them is timed."""

    device = "cuda"

    def __init__(self):
        self.cache = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")
        self.name = torch.cuda.get_device_name()

    def share(self, tensor):
        return tensor

    def stream(self):
        return torch.cuda.current_stream().cuda_stream

    def capture(self, work):
        """A replay of the work, and whether it is a graph's."""
        work()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                work()
        except RuntimeError:  # it waits for the device
            torch.cuda.synchronize()
            return work, False
        return graph.replay, True

    def time(self, replay):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.cache.zero_()
        begin.record()
        replay()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)

    def synchronize(self):
        torch.cuda.synchronize()

    def ceilings(self):
        """Operations per second of the largest product, and bytes of the largest copy."""
        a, b = (torch.randn(8192, 8192, dtype=torch.bfloat16, device="cuda") for _ in range(2))
        product = statistics.median(self.time(lambda: a @ b) for _ in range(20))
        source, target = (torch.empty(1 << 30, dtype=torch.uint8, device="cuda") for _ in range(2))
        copy = statistics.median(self.time(lambda: target.copy_(source)) for _ in range(20))
        return 2 * 8192**3 / product * 1e3, 2 * (1 << 30) / copy * 1e3


class Simulated:
    """Memory of the host that the simulated driver takes for the device's."""

    device, name = "cpu", "simulated sm_90a"

    def __init__(self):
        self.driver = ctypes.CDLL("libcuda.so.1")

    def share(self, tensor):
        if tensor.numel():
            size = ctypes.c_size_t(tensor.numel() * tensor.element_size())
            if self.driver.cuMemHostRegister_v2(ctypes.c_void_p(tensor.data_ptr()), size, 0):
                raise RuntimeError("the driver does not take memory of the host: it is not a simulated one")
        return tensor

    def stream(self):
        return 0

    def capture(self, work):
        return work, False

    def time(self, replay):
        start = time.perf_counter()
        replay()
        return 1e3 * (time.perf_counter() - start)

    def synchronize(self):
        pass

    def ceilings(self):
        return 1e12, 1e12


def stack_weights(bundle, golden, state, device):
    """The weights as the bundle takes them, in the order of its inputs."""
    tensors = published(golden, state)
    weights = []
    for described in bundle.manifest["inputs"][1:]:
        name = golden.prefix + described["name"]
        if "experts" not in described:
            weights.append(device.share(tensors[name].contiguous()))
            continue
        experts = [tensors[name.replace("{expert}", str(e))] for e in range(described["experts"])]
        weights.append(device.share(torch.stack(experts)))
    return weights


def poison(tensor):
    tensor.view(torch.uint8).fill_(0xFF)


def run_ours(bundle, weights, hidden, device):
    """A function that runs the layer, and its outputs by name."""
    tokens = len(hidden)
    described = bundle.manifest["outputs"]
    outputs = [torch.empty(shape_of(it, tokens), dtype=TYPES[it["dtype"]], device=device.device) for it in described]
    workspace = torch.empty(max(bundle.workspace_bytes(tokens), 64), dtype=torch.uint8, device=device.device)
    for tensor in (*outputs, workspace):
        poison(device.share(tensor))
    run = bundle.bind([device.share(hidden), *weights], outputs, workspace, tokens)
    return lambda: run(device.stream()), dict(zip((it["name"] for it in described), outputs))


def floor_ms(bundle, ids, hidden, ceilings):
    """The time that the arithmetic or the memory takes at the rates of this run."""
    operations = moved = 0
    touched = len(ids.unique())
    for described in bundle.manifest["inputs"][1:]:
        size = torch.tensor(described["shape"]).prod().item()
        element = {"BF16": 2, "F16": 2, "F32": 4}[described["dtype"]]
        per_token = ids.shape[1] if "experts" in described else 1
        operations += 2 * size * per_token * len(hidden) if len(described["shape"]) > 1 else 0
        moved += size * element * (touched if "experts" in described else 1)
    moved += 2 * hidden.numel() * hidden.element_size()
    return 1e3 * max(operations / ceilings[0], moved / ceilings[1])


def measure(works, device):
    """For each work the sorted times, taken in turn, and whether it was a graph."""
    replays = {name: device.capture(work) for name, work in works.items()}
    times = {name: [] for name in works}
    for _ in range(REPETITIONS if device.device == "cuda" else 1):
        for name, (replay, _) in replays.items():
            times[name].append(device.time(replay))
    return {name: (sorted(times[name]), replays[name][1]) for name in works}


def spread(times):
    return times[3 * len(times) // 4] - times[len(times) // 4]


def with_experts(block, implementation, hidden):
    def work():
        choose_experts(block, implementation)
        block(hidden[None])

    return work


def compare_layer(folder, name, golden, all_tokens, device, ceilings):
    """One record for each number of tokens."""
    bundle = Bundle(folder, name)
    block, state = random_block(golden, torch.bfloat16, device.device)
    weights = stack_weights(bundle, golden, state, device)
    width = bundle.manifest["inputs"][0]["shape"][-1]
    for tokens in all_tokens:
        hidden = torch.randn(tokens, width, device=device.device).to(torch.bfloat16)
        run, outputs = run_ours(bundle, weights, hidden, device)
        run()
        device.synchronize()
        expected = run_block(golden, block, "eager", hidden)
        error, rerouted = compare((outputs["hidden_states"], outputs["topk_ids"]), expected)
        works = {"ours": run, "eager": with_experts(block, "eager", hidden),
                 "grouped": with_experts(block, "grouped_mm", hidden)}
        measured = measure(works, device)
        medians = {name: statistics.median(times) for name, (times, _) in measured.items()}
        yield {
            "layer": name, "tokens": tokens, "error": error, "rerouted": rerouted,
            "ms": medians, "spread": {name: spread(times) for name, (times, _) in measured.items()},
            "graph": {name: graph for name, (_, graph) in measured.items()},
            "ratio": min(medians["eager"], medians["grouped"]) / medians["ours"],
            "ceiling": floor_ms(bundle, outputs["topk_ids"], hidden, ceilings) / medians["ours"],
        }


def show(record):
    cells = [f"{record['ms'][it]:.4f} ({record['spread'][it]:.4f}){'' if record['graph'][it] else '*'}"
             for it in ("ours", "eager", "grouped")]
    row = (record["layer"], record["tokens"], *cells, f"{record['ratio']:.2f}", f"{record['ceiling']:.0%}",
           f"{record['error']:.1e} ({record['rerouted']})")
    print("| " + " | ".join(map(str, row)) + " |", flush=True)


def run_all(options):
    device = Simulated() if options.simulated else Gpu()
    torch.manual_seed(0)
    ceilings = device.ceilings()
    print(f"{device.name}, torch {torch.__version__}; cuBLAS {ceilings[0] / 1e12:.0f} TFLOP/s, "
          f"copy {ceilings[1] / 1e12:.2f} TB/s\n")
    print("| " + " | ".join(HEADING) + " |\n|" + "---|" * len(HEADING))
    records, agree = [], True
    tokens = [int(n) for n in options.tokens.split(",")]
    with torch.inference_mode():
        for name, golden in list_layers(options.layers):
            for record in compare_layer(Path(options.folder), name, golden, tokens, device, ceilings):
                show(record)
                records.append(record)
                agree &= agrees(record["error"], record["rerouted"], LARGEST_ERROR, record["tokens"])
    print(f"\ngeometric mean of {len(records)} ratios: {statistics.geometric_mean(r['ratio'] for r in records):.2f}")
    if options.json:
        Path(options.json).write_text(json.dumps(
            {"device": device.name, "flops": ceilings[0], "bytes": ceilings[1], "cells": records}, indent=1) + "\n")
    if not agree:
        sys.exit("error: the outputs do not agree")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    commands = parser.add_subparsers(required=True)
    compiling = commands.add_parser("compile")
    compiling.add_argument("moe_compile")
    compiling.add_argument("folder")
    compiling.add_argument("--target", default="sm_90a")
    compiling.set_defaults(function=compile_all)
    running = commands.add_parser("run")
    running.add_argument("folder")
    running.add_argument("--tokens", default="1,4,16,64,256,512,1024,2048,4096,8192,16384,32768")
    running.add_argument("--json")
    running.add_argument("--simulated", action="store_true")
    running.set_defaults(function=run_all)
    for command in (compiling, running):
        command.add_argument("--layers")
    options = parser.parse_args()
    options.function(options)


if __name__ == "__main__":
    main()
