"""The transformers library's own block of a layer: what ours is compared with and timed beside."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test" / "Models"))
from generate import build  # noqa: E402

LARGEST_REROUTED = 0.1  # of the tokens, and one token


def random_block(golden, dtype, device="cpu"):
    """The block with small random weights, and these."""
    with torch.device(device):
        block = build(golden)
    state = {
        name: torch.empty(
            tensor.shape, dtype=torch.float32 if name.endswith(golden.keep_f32) else dtype, device=device
        ).uniform_(-0.05, 0.05)
        for name, tensor in block.state_dict().items()
    }
    block.load_state_dict(state, assign=True)
    return block.to(device).requires_grad_(False), state


def choose_experts(block, implementation):
    config = next(module.config for module in block.modules() if hasattr(module, "has_gate"))
    config._experts_implementation = implementation


def run_block(golden, block, implementation, tokens):
    """The output and the ids of each token's experts."""
    choose_experts(block, implementation)
    seen = []
    router = block.get_submodule(golden.router)
    hook = router.register_forward_hook(lambda module, inputs, output: seen.append(output))
    output = block(tokens[None])
    hook.remove()
    output = output[0] if isinstance(output, tuple) else output
    experts = next(weight.shape[0] for weight in router.parameters() if weight.dim() == 2)
    return output.reshape(tokens.shape), golden.routing(block, seen[0], experts)[1]


def compare(found, expected):
    """The relative error over tokens of equal experts, and the number of the others."""
    (output, ids), (expected_output, expected_ids) = found, expected
    same = (ids.sort().values.int() == expected_ids.sort().values.int()).all(dim=-1)
    wanted = expected_output[same].double()
    error = (output[same].double() - wanted).norm() / wanted.norm() if same.any() else 0.0
    return float(error), int((~same).sum())


def agrees(error, rerouted, largest_error, tokens):
    return error <= largest_error and rerouted <= 1 + LARGEST_REROUTED * tokens
