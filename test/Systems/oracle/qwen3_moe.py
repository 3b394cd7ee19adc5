"""Qwen3-MoE (Hugging Face models/qwen3_moe; the published 30B: E 128, k 8, F 768, M 2048).

  l = x router^T          s = softmax(l) over all experts
  choose the k largest s  w_c = s_c / sum of the chosen s
  y = sum_c w_c f_c(x)    f(x) = down (silu(gate x) * up x)

Weights are normalised without an epsilon (`norm_topk_prob`), there is no shared expert, no
capacity and no bias. `aux_loss` is the library's load-balancing loss without its coefficient: E *
sum_e f_e P_e, f_e = (choices of e) / T over all k choices (not divided by k), P_e = mean_t s[t,e].

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]  aux_loss []
"""

from common import balance_loss, clear_order, linear, scalar, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts

NAME = "qwen3-moe"
E, K, M, F = 8, 3, 10, 7


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    weights = weights / weights.sum(axis=1, keepdims=True)
    return results(run_experts(layer, ids, weights), ids, weights,
                   aux_loss=scalar(balance_loss(scores, ids, E)))


def cases():
    return find_cases(NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F), forward)
