"""ERNIE-4.5 (Hugging Face models/ernie4_5_moe; 21B: E 64, k 6, two shared experts, F 1536).

  l = x router^T, s = softmax(l) over all experts, in f32
  choose the k largest s + router.bias: the bias is added to PROBABILITIES
  w_c = s_c / max(sum of the chosen s, 1e-12), s without the bias
  y = sum_c w_c f_c(x) + shared(x)

f and shared are down (silu(gate x) * up x); the shared experts are one MLP of twice the width.
No capacity.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.{gate,up}.weight [2F,M]  shared.down.weight [M,2F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import numpy as np
from common import clear_order, linear, softmax, take, topk
from language_model import (choice_bias, find_cases, random_layer, results, run_experts,
                            run_shared)

NAME = "ernie-4.5"
E, K, M, F = 9, 4, 10, 5


def forward(layer):
    scores = softmax(linear(layer["hidden_states"], layer["router.weight"]))
    keys = scores + layer["router.bias"]
    clear_order(keys, gap=1e-5)
    ids = topk(keys, K)
    weights = take(scores, ids)
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return results(run_experts(layer, ids, weights) + run_shared(layer), ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, shared=2 * F)
    return layer | {"router.bias": choice_bias(rng, case, E, scale=0.05)}


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 22, "ties": 15, "empty": 17, "flood": 14, "t0": 0})
