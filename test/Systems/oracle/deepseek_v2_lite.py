"""DeepSeek-V2-Lite (its published modelling code; E 64, k 6, shared width 2F, F 1408, M 2048).

  l = x router^T, s = softmax(l) over all experts, all in f32
  choose the k largest s (no groups);  w_c = s_c, not normalised, scale 1
  y = sum_c w_c f_c(x) + shared(x)

f and shared are down (silu(gate x) * up x). No capacity, no bias.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]  shared.{gate,up}.weight [2F,M]  shared.down.weight [M,2F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, linear, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts, run_shared

NAME = "deepseek-v2-lite"
E, K, M, F = 9, 6, 10, 5


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    return results(run_experts(layer, ids, weights) + run_shared(layer), ids, weights)


def cases():
    return find_cases(
        NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F, shared=2 * F), forward,
        {"plain": 21, "ties": 16, "empty": 17, "flood": 13, "t1": 1})
