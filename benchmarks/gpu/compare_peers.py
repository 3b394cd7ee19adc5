#!/usr/bin/env python3
"""Check layers on a GPU and time them beside other programs: same weights, inputs, card and run.

  compare_peers.py compile MOE-COMPILE FOLDER [--layers=NAME,...] [--target=sm_90a]
  compare_peers.py run FOLDER [--layers=NAME,...] [--tokens=1,16,512,...] [--routings=uniform,zipf,one-hot]
                   [--peers=eager,grouped,vllm,sonic,flashinfer] [--check-only] [--seconds=N] [--json=FILE]
                   [--earlier=FILE]

`compile` needs no GPU: FOLDER then has a bundle and its interface for each layer of
benchmarks/layers.json. `run` needs FOLDER, a GPU, torch and transformers. It checks every layer,
routing and number of tokens first: it poisons outputs and workspace, runs the layer, and compares
the result with that of the transformers library's own block on the same weights in bf16; an error
is relative L2 over the tokens that got the same experts, the number of the others in parentheses.
Then it times, in turn, ours and the peers (see peers.py): replays of a CUDA graph, or calls where
a peer cannot be captured (marked *), each after a write that clears the cache; medians with the
quartiles' distance; and the same again without clearing (`warm`). `experts, skew` is how many
experts got tokens, and how many more the most loaded one got than the average (see
routing_inputs.py). `ratio` is the best peer by ours. `of ceiling` is the share of the larger of
two floors: operations at the rate of this run's large cuBLAS product (`cublas`), or bytes of
weights and tokens at the rate of its large copy (`copy`). The exit status is 1 if outputs of ours
do not agree; a peer whose outputs do not agree or that fails does not count, and a line says so.

With --json=FILE the file is whole after each cell. What it has already is not run again, nor what
another one has that --earlier names, if both are of the same commit, device, PyTorch and peers.
With --seconds=N no cell begins after N seconds, and the exit status is then 3: run the same again.
What must end within 10 minutes needs --seconds=500 or less.

Peers that are not installed are named and skipped. pack_peers.py packs them for a machine that
reaches no package index.
  vllm   Its wheel is large for the compiled operators, which are made for one version of PyTorch.
         Its Triton kernels are Python files and do without: silu_and_mul, gelu_tanh_and_mul,
         swigluoai_and_mul, moe_align_block_size, moe_sum and topk_softmax are then those of
         vllm_operators.py; the line of the peer and the JSON say so. The routers of DeepSeek and
         Gemma are the library's.
  sonic  It tries some twenty configurations for each new shape, which takes seconds for each
         number of tokens.

With --target=sim-sm_90a and --layers=golden (or golden/mixtral) the same runs on the driver that
simulates a GPU, on the small layers of test/Models: LD_LIBRARY_PATH=build/lib/moe-sim
compare_peers.py run FOLDER --simulated. Times then mean nothing.
"""

import argparse
import datetime
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from bundle import Bundle, compile_bundle, shape_of  # noqa: E402
from device import Gpu, Simulated, measure, summarize  # noqa: E402
from library_block import agrees, compare, random_block, run_block  # noqa: E402
from generate import published  # noqa: E402
from models import GOLDENS, variant  # noqa: E402
from peers import PEERS, Layer, load_peers  # noqa: E402
from results import Results, show, show_heading, show_summary  # noqa: E402
from routing_inputs import ROUTINGS, RoutingInputs, describe  # noqa: E402

LARGEST_ERROR = 2e-2
TYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "I32": torch.int32, "I64": torch.int64}
# What --layers=golden names.
GOLDEN = ("mixtral", "qwen3_moe", "qwen3_next", "gpt_oss", "olmoe", "deepseek_v3", "gemma4")
UNFINISHED = 3  # exit status


def list_gate_layers():
    for layer in json.loads((HERE.parent / "layers.json").read_text()):
        kind = layer["config"]["model_type"]
        golden = next(golden for golden in GOLDENS.values() if golden.config["model_type"] == kind)
        yield layer["name"], variant(golden, config=layer["config"])


def list_layers(names):
    """Pairs of a name in C and a golden layer with the config to time."""
    known = {**dict(list_gate_layers()), **{f"golden/{name}": GOLDENS[name] for name in GOLDEN}}
    chosen = []
    for name in (names or ",".join(name for name, _ in list_gate_layers())).split(","):
        chosen += [f"golden/{it}" for it in GOLDEN] if name == "golden" else [name]
    for name in chosen:
        if name not in known:
            sys.exit(f"error: no layer {name!r}, known: golden, {', '.join(known)}")
    return [(re.sub(r"\W", "_", name.removeprefix("golden/")), known[name]) for name in chosen]


def find_commit():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def compile_all(options):
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, golden in options.layers:
        config = folder / f"{name}.json"
        config.write_text(json.dumps(golden.config))
        compile_bundle(options.moe_compile, config, folder, name, options.target)
    # The copy that runs may be without its history.
    (folder / "commit").write_text(find_commit() + "\n")


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


def floors(bundle, ids, hidden, ceilings):
    """The milliseconds of the arithmetic and of the memory at the rates of this run."""
    operations = moved = 0
    touched = len(ids.unique())
    for described in bundle.manifest["inputs"][1:]:
        size = torch.tensor(described["shape"]).prod().item()
        element = {"BF16": 2, "F16": 2, "F32": 4}[described["dtype"]]
        per_token = ids.shape[1] if "experts" in described else 1
        operations += 2 * size * per_token * len(hidden) if len(described["shape"]) > 1 else 0
        moved += size * element * (touched if "experts" in described else 1)
    moved += 2 * hidden.numel() * hidden.element_size()
    return {"cublas": 1e3 * operations / ceilings[0], "copy": 1e3 * moved / ceilings[1]}


class Comparison:
    """A layer with its weights, for ours and all peers."""

    def __init__(self, folder, name, golden, device):
        self.name, self.golden, self.device = name, golden, device
        self.bundle = Bundle(folder, name)
        self.block, state = random_block(golden, torch.bfloat16, device.device)
        self.weights = stack_weights(self.bundle, golden, state, device)
        self.layer = Layer(golden, self.block)
        width = self.bundle.manifest["inputs"][0]["shape"][-1]
        self.inputs = RoutingInputs(self.layer.router, width, self.layer.k)

    def start(self, tokens):
        """Runs ours once, and the library's block."""
        self.hidden = self.inputs.draw(tokens)
        self.run, outputs = run_ours(self.bundle, self.weights, self.hidden, self.device)
        self.run()
        self.device.synchronize()
        self.expected = run_block(self.golden, self.block, "eager", self.hidden)
        found = compare((outputs["hidden_states"], outputs["topk_ids"]), self.expected)
        return found, describe(self.expected[1], len(self.inputs.weight))

    def check(self, routing, tokens):
        found, routed = self.start(tokens)
        return {"layer": self.name, "routing": routing, "tokens": tokens, "error": found, "routed": routed,
                "agrees": agrees(*found, LARGEST_ERROR, tokens)}

    def try_peer(self, bound, waits):
        """A peer's replay, whether it is a graph's, and its error, or why there is none."""
        work = lambda: bound(self.hidden)  # noqa: E731
        try:
            # Its choice is not seen: a token with other experts is one whose row is far off.
            rows = (work().double() - self.expected[0].double()).norm(dim=-1)
            replay, is_graph = (work, False) if waits else self.device.capture(work)
        except Exception as error:  # another's code
            self.device.synchronize()
            return None, f"{type(error).__name__}: {error}".splitlines()[0][:200]
        norms = self.expected[0].double().norm(dim=-1)
        far = ~(rows <= 10 * LARGEST_ERROR * norms)
        error = (float(rows[~far].norm() / norms[~far].norm()) if not far.all() else float("nan"), int(far.sum()))
        if not agrees(*error, LARGEST_ERROR, len(rows)):
            return None, f"its outputs are wrong: {error[0]:.1e}, {error[1]} of {len(rows)} tokens far off"
        return (replay, is_graph, error), None

    def time(self, routing, tokens, peers, ceilings):
        found, routed = self.start(tokens)
        captured, errors, failed = {"ours": self.device.capture(self.run)}, {"ours": found}, {}
        for name, (bound, waits) in peers.items():
            tried, why = self.try_peer(bound, waits)
            if tried:
                *captured[name], errors[name] = tried
            else:
                failed[name] = why
        replays = {name: replay for name, (replay, _) in captured.items()}
        cold, warm = ({name: summarize(times) for name, times in measure(replays, self.device, is_cold).items()}
                      for is_cold in (True, False))
        best = min((name for name in replays if name != "ours"), key=lambda name: cold[name]["ms"], default=None)
        least = floors(self.bundle, self.expected[1], self.hidden, ceilings)
        return {
            "layer": self.name, "routing": routing, "tokens": tokens, "routed": routed, "errors": errors,
            "cold": cold, "warm": warm, "graph": {name: is_graph for name, (_, is_graph) in captured.items()},
            "failed": failed, "best": best, "ratio": cold[best]["ms"] / cold["ours"]["ms"] if best else None,
            "bound": max(least, key=least.get),
            **{f"of_{name}": ms / cold["ours"]["ms"] for name, ms in least.items()},
        }


def list_cells(results, kind, name, options):
    """The cells of a layer that are still to do, those of a routing next to each other."""
    return [(routing, tokens) for routing in options.routings for tokens in options.tokens
            if not results.has(kind, (name, routing, tokens))]


def run_cells(results, kind, options, device, act):
    """Does what is still to do of a kind; whether time was left for all of it."""
    for name, golden in options.layers:
        cells = list_cells(results, kind, name, options)
        if not cells:
            continue
        if time.monotonic() > options.end:
            return False
        comparison = Comparison(Path(options.folder), name, golden, device)
        bound, routing = None, None
        for cell in cells:
            if time.monotonic() > options.end:
                return False
            if cell[0] != routing:
                routing = cell[0]
                comparison.inputs.choose(routing)
            bound = act(comparison, cell, bound)
        del comparison, bound
        if not device.is_simulated:
            torch.cuda.empty_cache()
    return True


def bind_peers(comparison, peers, results):
    """Functions of those that can run the layer, and whether they wait for the device; the others are noted."""
    refused = results.found["refused"].setdefault(comparison.name, {})
    bound = {}
    for peer in peers:
        why = peer.refuse(comparison.layer)
        if why:
            refused[peer.name] = why
        else:
            bound[peer.name] = peer.bind(comparison.layer), peer.waits
        if hasattr(peer, "describe") and not why:
            results.found["configurations"][comparison.name] = peer.describe(comparison.layer)
    return bound


def run_all(options):
    device = Simulated() if options.simulated else Gpu()
    options.end = time.monotonic() + options.seconds
    torch.manual_seed(0)
    peers, lines = load_peers(options.peers, not options.simulated)
    ceilings = device.ceilings()
    commit = Path(options.folder) / "commit"
    results = Results(options.json, {
        "device": device.name, "date": datetime.date.today().isoformat(), "torch": torch.__version__,
        "commit": commit.read_text().strip() if commit.exists() else "unknown", "command": sys.argv,
        "peers": lines, "flops": ceilings[0], "bytes": ceilings[1], "refused": {}, "configurations": {},
    }, options.earlier)
    print(f"{device.name}, torch {torch.__version__}, commit {results.found['commit']}; "
          f"cuBLAS {ceilings[0] / 1e12:.0f} TFLOP/s, copy {ceilings[1] / 1e12:.2f} TB/s")
    for name, line in lines.items():
        print(f"{name}: {line}")

    def check(comparison, cell, _):
        record = comparison.check(*cell)
        results.add("checks", record)
        if not record["agrees"]:
            print(f"{comparison.name} {cell[0]} {cell[1]} tokens: WRONG, error {record['error'][0]:.1e}, "
                  f"{record['error'][1]} tokens with other experts", flush=True)

    def measure_cell(comparison, cell, bound):
        if bound is None:
            bound = bind_peers(comparison, peers, results)
        record = comparison.time(*cell, bound, ceilings)
        results.add("cells", record)
        show(record)
        return bound

    with torch.inference_mode():
        finished = run_cells(results, "checks", options, device, check)
        checks = results.found["checks"]
        agree = all(it["agrees"] for it in checks)
        print(f"{sum(it['agrees'] for it in checks)} of {len(checks)} checks agree\n", flush=True)
        if finished and not options.check_only:
            show_heading()
            for record in results.found["cells"]:
                show(record)
            finished = run_cells(results, "cells", options, device, measure_cell)
            show_summary(results.found)
    if not agree:
        sys.exit("error: the outputs do not agree")
    if not finished:
        print("not all is done: run the same again")
        sys.exit(UNFINISHED)


def list_of(choices):
    """An argument with commas between some of the choices."""

    def read(text):
        names = text.split(",")
        unknown = [name for name in names if name not in choices]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(choices)}")
        return names

    return read


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
    running.add_argument("--tokens", type=lambda text: [int(n) for n in text.split(",")],
                         default="1,4,16,64,256,512,1024,2048,4096,8192,16384,32768")
    running.add_argument("--routings", type=list_of(ROUTINGS), default="uniform,zipf")
    running.add_argument("--peers", type=list_of(PEERS), default=",".join(PEERS))
    running.add_argument("--json")
    running.add_argument("--earlier")
    running.add_argument("--seconds", type=float, default=float("inf"))
    running.add_argument("--check-only", action="store_true")
    running.add_argument("--simulated", action="store_true")
    running.set_defaults(function=run_all)
    for command in (compiling, running):
        command.add_argument("--layers")
    options = parser.parse_args()
    options.layers = list_layers(options.layers)
    options.function(options)


if __name__ == "__main__":
    main()
