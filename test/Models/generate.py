"""Run the transformers library's MoE blocks on small random layers and write golden data.

  python3 test/Models/generate.py [directory ...]

Each directory of the table in models.py gets config.json and, for f32 and narrower types, the weights
under their published names, an input, the output and the routing. A directory named after its
model_type alone also gets the f32 weights as the library holds them, where that differs. The
result depends only on this folder and on the versions in README.md.
"""

import importlib
import json
import shutil
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from zlib import crc32

import torch
from safetensors.torch import save_file
from torch.nn import functional
from transformers import PretrainedConfig
from transformers.integrations.mxfp4 import convert_moe_packed_tensors
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from models import GOLDENS

HERE = Path(__file__).resolve().parent
NOISE_DRAWS = 32


def library_config(golden):
    """The library's configuration object; its `grouped_mm` is what from_pretrained chooses."""
    kind = golden.library_type or golden.config["model_type"]
    cls = CONFIG_MAPPING[kind] if kind in CONFIG_MAPPING else PretrainedConfig
    config = cls.from_dict({**golden.config, "model_type": kind})
    config._experts_implementation = "grouped_mm"
    return config


def build(golden):
    block = golden.block
    if isinstance(block, str):
        module, name = block.split(".")
        block = getattr(importlib.import_module(f"transformers.models.{module}.modeling_{module}"), name)
    return block(library_config(golden), **golden.arguments).eval().requires_grad_(False)


def router_shape(golden, block):
    """Experts and hidden size."""
    return next(weight.shape for weight in block.get_submodule(golden.router).parameters() if weight.dim() == 2)


def draw(golden, block):
    """Weights that keep activations near 1 and let the router decide clearly."""
    state = {}
    for name, tensor in block.state_dict().items():
        noise = torch.randn(tensor.shape)
        if "norm" in name or "scale" in name:
            state[name] = 1 + 0.2 * noise
        elif "correction_bias" in name:
            state[name] = golden.choice_bias_std * noise
        else:
            state[name] = noise * (golden.router_std if tensor.shape == router_shape(golden, block) else 0.2)
    return state


def draw_mxfp4(state):
    """Replaces the expert matrices by random MXFP4 blocks; returns the stored tensors too."""
    stored = {}
    for name in ("experts.gate_up_proj", "experts.down_proj"):
        count_, inner, outer = state[name].shape
        packed = torch.randint(0, 256, (count_, outer, inner // 32, 16), dtype=torch.uint8)
        scales = torch.randint(121, 125, packed.shape[:-1], dtype=torch.uint8)
        stored |= {f"{name}_blocks": packed, f"{name}_scales": scales}
        state[name] = convert_moe_packed_tensors(packed, scales, dtype=torch.float32)
    return stored


def narrow(golden, state, dtype):
    return {
        name: tensor if name.endswith(golden.keep_f32) else tensor.to(dtype)
        for name, tensor in state.items()
    }


def load(golden, state):
    block = build(golden)
    for name, tensor in [*block.named_parameters(), *block.named_buffers()]:
        tensor.data = state[name].clone()
    return block


@contextmanager
def noisy_router(shape):
    """Moves every router logit by 0.001 (f32) or two units in the last place (bf16, f16)."""
    linear = functional.linear

    def noisy(x, weight, bias=None):
        logits = linear(x, weight, bias)
        if weight.shape != shape:
            return logits
        step = torch.tensor(1e-3)
        if logits.dtype != torch.float32:
            digits = {torch.bfloat16: 7, torch.float16: 10}[logits.dtype]
            step = 2.0 ** (torch.frexp(logits.float()).exponent - digits)
        return (logits + step * (2 * torch.randint(0, 2, logits.shape) - 1)).to(logits.dtype)

    functional.linear = noisy
    try:
        yield
    finally:
        functional.linear = linear


def run(golden, state, hidden_states):
    """The block's output and its routing: dense weights, ids and weights of the choices."""
    block, seen = load(golden, state), []
    block.get_submodule(golden.router).register_forward_hook(lambda module, inputs, output: seen.append(output))
    batch = hidden_states if hidden_states.dim() == 3 else hidden_states[None]
    output = block(batch.clone())
    output = output[0] if isinstance(output, tuple) else output
    return output.reshape(hidden_states.shape), golden.routing(block, seen[0], router_shape(golden, block)[0])


def is_robust(golden, state, hidden_states, dense):
    """Whether no noise draw changes who is chosen or makes a weight jump."""
    limit = 0.2 * dense.float().amax(dim=-1, keepdim=True)
    with noisy_router((dense.shape[-1], hidden_states.shape[-1])):
        for _ in range(NOISE_DRAWS):
            other = run(golden, state, hidden_states)[1][0]
            if ((other > 0) != (dense > 0)).any() or ((other - dense).abs().float() > limit).any():
                return False
    return True


def find_input(golden, state, dtype, seed):
    """The first random input whose routing is far from every tie, with its result."""
    hidden = router_shape(golden, build(golden))[1]
    for attempt in count():
        torch.manual_seed(seed + attempt)
        hidden_states = torch.randn(*golden.tokens, hidden).to(dtype)
        output, routing = run(golden, state, hidden_states)
        if is_robust(golden, state, hidden_states, routing[0]):
            return hidden_states, output, routing


def published(golden, state):
    """The tensors as published checkpoints name and split them."""
    names, result = golden.names, {}
    for name, tensor in state.items():
        if names.experts and name in ("experts.gate_up_proj", "experts.down_proj"):
            gate, up, down = names.experts
            parts = [(gate, 0), (up, 1)] if name.endswith("gate_up_proj") else [(down, 0)]
            for index, matrix in enumerate(tensor):
                halves = matrix.chunk(len(parts))
                result |= {f"experts.{index}.{part}.weight": halves[half] for part, half in parts}
        else:
            result[names.renames.get(name, name)] = tensor
    return {golden.prefix + names.published + name: tensor for name, tensor in result.items()}


def save(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def save_weights(golden, folder, tensors):
    if golden.shards == 1:
        return save(folder / "weights.safetensors", tensors)
    names, weight_map = sorted(tensors), {}
    for shard in range(golden.shards):
        file = f"model-{shard + 1:05}-of-{golden.shards:05}.safetensors"
        mine = names[shard::golden.shards]
        save(folder / file, {name: tensors[name] for name in mine})
        weight_map |= dict.fromkeys(mine, file)
    index = {"metadata": {"total_size": sum(t.nbytes for t in tensors.values())}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


def loses_choices(dense):
    chosen = (dense > 0).sum(dim=-1)
    return bool((chosen < chosen.max()).any())


def write_dtype(golden, folder, state, packed, dtype, seed):
    hidden_states, output, (dense, ids, weights) = find_input(golden, state, dtype, seed)
    if loses_choices(dense) != golden.drops:
        sys.exit(f"error: {folder}: drops expected: {golden.drops}, found: {not golden.drops}")
    stored = {**{name: state[name] for name in state if f"{name}_blocks" not in packed}, **packed}
    expected = {"hidden_states": output}
    if not golden.drops:
        expected |= {"topk_ids": ids.int(), "topk_weights": weights}
    save_weights(golden, folder, published(golden, stored))
    save(folder / "input.safetensors", {"hidden_states": hidden_states})
    save(folder / "expected.safetensors", expected)


def write(directory, golden):
    seed = crc32(directory.encode())
    folder = HERE / directory
    shutil.rmtree(folder, ignore_errors=True)

    torch.manual_seed(seed)
    state = draw(golden, build(golden))
    packed = draw_mxfp4(state) if golden.mxfp4 else {}
    write_dtype(golden, folder / "f32", state, packed, torch.float32, seed)
    for name, dtype in (("bf16", torch.bfloat16), ("f16", torch.float16)):
        if name in golden.narrow:
            write_dtype(golden, folder / name, narrow(golden, state, dtype), packed, dtype, seed)
    if directory == golden.config["model_type"] and golden.names.fused is not None:
        path = golden.prefix + golden.names.fused
        save(folder / "f32" / "weights-fused.safetensors", {path + name: tensor for name, tensor in state.items()})

    config = {**golden.config, "torch_dtype": "bfloat16"}
    if golden.nested_in:
        config = {"model_type": golden.nested_in, "text_config": config}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(directory)


def main():
    torch.set_num_threads(1)
    for directory in sys.argv[1:] or GOLDENS:
        if directory not in GOLDENS:
            sys.exit(f"error: no golden {directory!r}, known: {', '.join(GOLDENS)}")
        write(directory, GOLDENS[directory])


if __name__ == "__main__":
    main()
