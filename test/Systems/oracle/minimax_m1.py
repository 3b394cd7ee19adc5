"""MiniMax-Text-01 and MiniMax-M1 (their published modelling code, whose router is Mixtral's; E 32,
k 2, F 9216, M 6144).

  l = x router^T            s = softmax(l) over all experts in f32
  choose the 2 largest s    w_c = s_c / (s_1 + s_2)
  y = sum_c w_c f_c(x)      f(x) = down (silu(gate x) * up x)

The published checkpoints have no shared expert and inference drops nothing. (The block around
the layer scales its residual, which is not part of the layer.)

inputs   hidden_states [T,M]  router.weight [E,M]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,2] i32  topk_weights [T,2]
"""

from common import clear_order, linear, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts

NAME = "minimax-m1"
E, K, M, F = 7, 2, 11, 8


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return results(run_experts(layer, ids, weights), ids, weights)


def cases():
    return find_cases(NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F), forward,
                      {"plain": 25, "ties": 18, "empty": 16, "flood": 13})
