"""OLMoE (Hugging Face models/olmoe and the paper; E 64, k 8, F 1024, M 2048).

  l = x router^T            s = softmax(l) over all experts in f32
  choose the 8 largest s    w_c = s_c, NOT normalised
  y = sum_c w_c f_c(x)      f(x) = down (silu(gate x) * up x)
  aux_loss = 0.01 * E * sum_e f_e P_e, f_e = (choices of e) / (8 T), P_e = mean_t s[t,e]
  z_loss   = 0.001 * mean_t (log sum_e exp l[t,e])^2

Both losses are those of its training, done with MegaBlocks. No shared expert, capacity or bias.

inputs   hidden_states [T,M]  router.weight [E,M]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,8] i32  topk_weights [T,8]  aux_loss []  z_loss []
"""

from common import balance_loss, clear_order, linear, scalar, softmax, take, topk, z_loss
from language_model import find_cases, random_layer, results, run_experts

NAME = "olmoe"
E, K, M, F = 14, 8, 9, 4


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    return results(run_experts(layer, ids, weights), ids, weights,
                   aux_loss=scalar(0.01 * balance_loss(scores, ids, E) / K),
                   z_loss=scalar(0.001 * z_loss(logits)))


def cases():
    return find_cases(NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F), forward,
                      {"plain": 21, "ties": 17, "empty": 13, "flood": 13, "t0": 0})
