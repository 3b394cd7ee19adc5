"""gpt-oss with the expert matrices as published, in MXFP4. Routing, activation and biases are those
of gpt-oss; the matrices are [out, in].

  Of each row, 32 neighbouring elements are one block: 16 bytes and a scale byte s. Byte j holds
  element 2j in its low and 2j + 1 in its high four bits. The four bits index
  0 0.5 1 1.5 2 3 4 6 -0 -0.5 -1 -1.5 -2 -3 -4 -6; the element is that times 2^(s - 127).

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.gate_up.blocks [E,2F,M/32,16] u8  experts.gate_up.scales [E,2F,M/32] u8
         experts.down.blocks [E,M,F/32,16] u8      experts.down.scales [E,M,F/32] u8
         experts.gate_up.bias [E,2F]  experts.down.bias [E,M]
results  hidden_states [T,M]  topk_ids [T,4] i32  topk_weights [T,4]
"""

import numpy as np
from common import normal
from draws import tokens_and_router
from gpt_oss import forward_with
from language_model import choice_bias, find_cases

NAME = "gpt-oss-mxfp4"
E, M, F = 5, 64, 32
MAGNITUDES = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
VALUES = np.concatenate([MAGNITUDES, -MAGNITUDES])


def decode(blocks, scales):
    """[..., blocks, 16] bytes and [..., blocks] scale bytes to [..., 32 * blocks] numbers."""
    nibbles = np.stack([blocks & 15, blocks >> 4], axis=-1).reshape(*scales.shape, 32)
    scaled = VALUES[nibbles] * 2.0 ** (scales.astype(np.float64) - 127.0)[..., None]
    return scaled.reshape(*scales.shape[:-1], -1)


def forward(layer):
    gate_up, down = (decode(layer[f"experts.{name}.blocks"], layer[f"experts.{name}.scales"])
                     for name in ("gate_up", "down"))
    return forward_with(layer, gate_up, down)


def quantised(rng, name, *rows_and_width, scales):
    *rows, width = rows_and_width
    shape = (*rows, width // 32)
    return {f"experts.{name}.blocks": rng.randint(0, 256, (*shape, 16)).astype(np.uint8),
            f"experts.{name}.scales": rng.randint(*scales, shape).astype(np.uint8)}


def draw(rng, case, tokens):
    return tokens_and_router(rng, case, tokens, E, M) | {
        "router.bias": choice_bias(rng, case, E),
        "experts.gate_up.bias": normal(rng, E, 2 * F),
        "experts.down.bias": normal(rng, E, M),
    } | quantised(rng, "gate_up", E, 2 * F, M, scales=(122, 129)) \
      | quantised(rng, "down", E, M, F, scales=(118, 126))


def cases():
    return find_cases(NAME, draw, forward, {"plain": 9, "t1": 1})
