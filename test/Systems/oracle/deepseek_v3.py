"""DeepSeek-V3 and R1 (the DeepSeek-V3 inference code; E 256, k 8, 8 groups of which 4 stay, one
shared expert, scale 2.5, F 2048, M 7168).

  l = x router^T, s = sigmoid(l), key = s + router.bias
  groups: E/G neighbouring experts each, ranked by the SUM OF THE TWO LARGEST keys; the `keep`
          best groups stay, the keys of all other experts become -inf
  choose the k largest keys;  w_c = 2.5 * (s_c / sum of the chosen s), s without the bias
  y = sum_c w_c f_c(x) + shared(x)

f and shared are down (silu(gate x) * up x). The bias only chooses, it never weighs. On ties the
group, and then the expert, of the lower index wins. No capacity.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import numpy as np
from common import Unclear, clear_order, linear, sigmoid, take, topk
from language_model import (choice_bias, find_cases, random_layer, results, run_experts,
                            run_shared)

NAME = "deepseek-v3"
E, K, M, F = 12, 4, 10, 5
GROUPS, KEEP, SCALE = 4, 2, 2.5


def limit_groups(keys, fill):
    """The keys of all but the KEEP groups with the largest sum of two keys become `fill`."""
    grouped = keys.reshape(-1, GROUPS, E // GROUPS)
    best = np.sort(grouped, axis=2)[:, :, -2:]
    rank = best.sum(axis=2)
    clear_order(rank)
    alike = np.all(best[:, :, None] == best[:, None], axis=3)
    if np.any((rank[:, :, None] == rank[:, None]) & ~alike):
        raise Unclear  # equal sums of different keys: f32 may round them differently
    stays = np.any(topk(rank, KEEP)[:, :, None] == np.arange(GROUPS), axis=1)
    return np.where(stays[:, :, None], grouped, fill).reshape(-1, E)


def forward(layer, fill=-np.inf, eps=0.0):
    scores = sigmoid(linear(layer["hidden_states"], layer["router.weight"]))
    keys = scores + layer["router.bias"]
    clear_order(keys, gap=1e-5)
    ids = topk(limit_groups(keys, fill), K)
    weights = take(scores, ids)
    weights = SCALE * (weights / (weights.sum(axis=1, keepdims=True) + eps))
    return results(run_experts(layer, ids, weights) + run_shared(layer), ids, weights)


def draw(rng, case, tokens, bias_scale=0.2):
    layer = random_layer(rng, case, tokens, E, M, F, shared=F)
    return layer | {"router.bias": choice_bias(rng, case, E, bias_scale)}


def cases():
    return find_cases(NAME, draw, forward)
