"""Granite-MoE (Hugging Face models/granitemoe; 3B: E 40, k 8, F 512).

  l = x router^T; choose the k largest LOGITS
  w = softmax over the k chosen logits in f32
  y = sum_c w_c f_c(x)      [g, u] = gate_up x, f(x) = down (silu(g) * u)

Gate and up are one matrix, the gate in its first half of rows. The block multiplies the layer's
result by a residual multiplier, which is not part of the layer. No shared expert, capacity or
bias.

inputs   hidden_states [T,M]  router.weight [E,M]
         experts.gate_up.weight [E,2F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import numpy as np
from common import clear_order, combine, linear, mlp, silu, softmax, take, topk
from language_model import find_cases, random_layer, results

NAME = "granite-moe"
E, K, M, F = 8, 4, 11, 6


def forward(layer):
    x = layer["hidden_states"]
    logits = linear(x, layer["router.weight"])
    clear_order(logits)
    ids = topk(logits, K)
    weights = softmax(take(logits, ids))

    def expert(e, rows):
        gate, up = np.split(layer["experts.gate_up.weight"][e], 2)
        return mlp(rows, up, layer["experts.down.weight"][e], silu, gate=gate)

    return results(combine(x, ids, weights, expert), ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F)
    halves = [layer.pop("experts.gate.weight"), layer.pop("experts.up.weight")]
    return layer | {"experts.gate_up.weight": np.concatenate(halves, axis=1)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 22, "ties": 16, "empty": 14, "flood": 13})
