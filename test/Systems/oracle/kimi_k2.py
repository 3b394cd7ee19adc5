"""Kimi-K2 (DeepSeek-V3's router in one group; E 384, k 8, one shared expert, F 2048, M 7168).

  l = x router^T, s = sigmoid(l); choose the k largest s + router.bias (no groups)
  w_c = 2.827 * (s_c / (sum of the chosen s + 1e-20)), s without the bias
  y = sum_c w_c f_c(x) + shared(x)

f and shared are down (silu(gate x) * up x). No capacity.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, linear, sigmoid, take, topk
from language_model import (choice_bias, find_cases, random_layer, results, run_experts,
                            run_shared)

NAME = "kimi-k2"
E, K, M, F = 16, 8, 8, 4
SCALE = 2.827


def forward(layer):
    scores = sigmoid(linear(layer["hidden_states"], layer["router.weight"]))
    keys = scores + layer["router.bias"]
    clear_order(keys, gap=1e-5)
    ids = topk(keys, K)
    weights = take(scores, ids)
    weights = SCALE * (weights / (weights.sum(axis=1, keepdims=True) + 1e-20))
    return results(run_experts(layer, ids, weights) + run_shared(layer), ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, shared=F)
    return layer | {"router.bias": choice_bias(rng, case, E)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 23, "ties": 13, "empty": 17, "flood": 15})
