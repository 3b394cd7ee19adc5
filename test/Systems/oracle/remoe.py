"""ReMoE (the paper and its Megatron code): a ReLU instead of a top-k.

  l = x router^T, s = relu(l)
  a token goes to every expert with s > 0, be it none or all;  w = s, not normalised
  y = sum of s[t,e] f_e(x[t])       f(x) = down (silu(gate x) * up x)
  aux_loss = E * sum_e f_e P_e / k, f_e = (tokens with s[t,e] > 0) / T, P_e = mean_t s[t,e], with
      k = 2, the number of experts a token should have. Its factor adapts from step to step and
      belongs to the optimiser, so it is 1 here.

Results in the form of E choices per token: topk_ids[t,e] is e or -1, topk_weights[t,e] is s[t,e].
Case `ties` has many logits that are exactly 0: they do not count as positive.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,E] i32  topk_weights [T,E]  aux_loss []
"""

import numpy as np
from common import balance_loss, clear_sides, linear, relu, scalar
from language_model import find_cases, random_layer, results, run_experts

NAME = "remoe"
E, K, M, F = 7, 2, 10, 6


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_sides(logits[logits != 0.0], 0.0)
    scores = relu(logits)
    ids = np.where(scores > 0.0, np.arange(E), -1).astype(np.int32)
    return results(run_experts(layer, ids, scores), ids, scores,
                   aux_loss=scalar(balance_loss(scores, ids, E) / K))


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F)
    if case == "none" and tokens:  # the first token is turned down by every expert
        layer["hidden_states"][:, 0] = 1.0
        layer["hidden_states"][0, 0] = -1.0
        layer["router.weight"][:, 0] = 6.0
    return layer


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 23, "none": 11, "ties": 17, "empty": 16, "t0": 0})
