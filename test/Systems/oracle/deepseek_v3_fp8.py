"""DeepSeek-V3 with the expert matrices as published: fp8 with a scale per block. Routing is that of
deepseek-v3.

  A matrix element is e4m3 (no infinity; 0x7f and 0xff are NaN and do not occur) times the scale
  of its block: w[r,c] = data[r,c] * scale_inv[r / B, c / B]. Blocks at the border are partial.

The published block is 128 x 128, here B = 4. Only weights are quantised; the published code also
rounds the activations to fp8, which is a choice of the kernel and not part of the function.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M] f8e4m3  experts.{gate,up}.scale_inv [E,F/B,M/B]
         experts.down.weight [E,M,F] f8e4m3       experts.down.scale_inv [E,M/B,F/B]
         shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]     (F/B, M/B rounded up)
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import deepseek_v3
import numpy as np
from common import E4M3, ceil_div, uniform
from language_model import find_cases

NAME = "deepseek-v3-fp8"
BLOCK = 4


def decode(data):
    """e4m3 bytes to numbers: 1 sign bit, 4 exponent bits with bias 7, 3 fraction bits."""
    bits = data.view(np.uint8).astype(np.int64)
    sign, exponent, fraction = np.where(bits >> 7, -1.0, 1.0), (bits >> 3) & 15, bits & 7
    subnormal = exponent == 0
    return sign * (fraction / 8.0 + ~subnormal) * 2.0 ** (np.where(subnormal, 1, exponent) - 7.0)


def dequantise(data, scales):
    whole = scales.repeat(BLOCK, axis=1).repeat(BLOCK, axis=2)
    return decode(data) * whole[:, :data.shape[1], :data.shape[2]]


def forward(layer):
    weights = {f"experts.{name}.weight": dequantise(layer[f"experts.{name}.weight"],
                                                    layer[f"experts.{name}.scale_inv"])
               for name in ("gate", "up", "down")}
    return deepseek_v3.forward(layer | weights)


def draw(rng, case, tokens):
    layer = deepseek_v3.draw(rng, case, tokens)
    for name in ("gate", "up", "down"):
        experts, rows, columns = layer[f"experts.{name}.weight"].shape
        data = rng.randint(0, 127, (experts, rows, columns)) + 128 * rng.randint(
            0, 2, (experts, rows, columns))
        layer[f"experts.{name}.weight"] = data.astype(np.uint8).view(E4M3)
        layer[f"experts.{name}.scale_inv"] = uniform(
            rng, experts, ceil_div(rows, BLOCK), ceil_div(columns, BLOCK), low=0.001, high=0.02)
    return layer


def cases():
    return find_cases(NAME, draw, forward, {"plain": 20, "t1": 1})
