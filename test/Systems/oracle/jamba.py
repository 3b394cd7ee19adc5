"""Jamba (Hugging Face models/jamba; E 16, k 2, F 14336, M 4096, every second layer).

  l = x router^T            s = softmax(l) over all experts in f32
  choose the 2 largest s    w_c = s_c, NOT normalised
  y = sum_c w_c f_c(x)      f(x) = down (silu(gate x) * up x)

No shared expert, no capacity, no bias. (A softmax over the two chosen logits, as some ports have
it, is a different function.)

inputs   hidden_states [T,M]  router.weight [E,M]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,2] i32  topk_weights [T,2]
"""

from common import clear_order, linear, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts

NAME = "jamba"
E, K, M, F = 9, 2, 10, 7


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    return results(run_experts(layer, ids, weights), ids, weights)


def cases():
    return find_cases(NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F), forward,
                      {"plain": 20, "ties": 15, "empty": 18, "flood": 17})
