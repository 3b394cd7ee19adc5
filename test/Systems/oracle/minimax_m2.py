"""MiniMax-M2 (Hugging Face models/minimax_m2; E 256, k 8, F 1536, M 3072).

  l = x router^T, s = sigmoid(l) in f32; choose the k largest s + router.bias
  w_c = s_c / sum of the chosen s, without the bias, an epsilon or a scale
  y = sum_c w_c f_c(x)      f(x) = down (silu(gate x) * up x)

No groups, no shared expert, no capacity.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, linear, sigmoid, take, topk
from language_model import choice_bias, find_cases, random_layer, results, run_experts

NAME = "minimax-m2"
E, K, M, F = 10, 4, 9, 6


def forward(layer):
    scores = sigmoid(linear(layer["hidden_states"], layer["router.weight"]))
    keys = scores + layer["router.bias"]
    clear_order(keys, gap=1e-5)
    ids = topk(keys, K)
    weights = take(scores, ids)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return results(run_experts(layer, ids, weights), ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F)
    return layer | {"router.bias": choice_bias(rng, case, E)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 21, "ties": 16, "empty": 17, "flood": 12})
