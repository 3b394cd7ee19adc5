"""DeepSeek-V2 236B (its published modelling code; E 160, k 6, 8 groups of which 3 stay, shared
width 2F, scale 16, F 1536, M 5120).

  l = x router^T, s = softmax(l) over all experts, all in f32
  groups: E/G neighbouring experts each; a group is ranked by its LARGEST s; the `keep` best
          groups stay, the s of all other experts become 0
  choose the k largest of these;  w_c = 16 * s_c, NOT normalised
  y = sum_c w_c f_c(x) + shared(x)

f and shared are down (silu(gate x) * up x); the two shared experts are one MLP of twice the
width. The published rule scales only because it does not normalise. On ties the group, and then
the expert, of the lower index wins. No capacity, no bias.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]  shared.{gate,up}.weight [2F,M]  shared.down.weight [M,2F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import numpy as np
from common import clear_order, linear, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts, run_shared

NAME = "deepseek-v2"
E, K, M, F = 12, 3, 10, 5
GROUPS, KEEP, SCALE = 4, 2, 16.0


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    grouped = scores.reshape(-1, GROUPS, E // GROUPS)
    best_groups = topk(grouped.max(axis=2), KEEP)
    stays = np.any(best_groups[:, :, None] == np.arange(GROUPS), axis=1)
    limited = np.where(stays[:, :, None], grouped, 0.0).reshape(-1, E)
    ids = topk(limited, K)
    weights = SCALE * take(scores, ids)
    return results(run_experts(layer, ids, weights) + run_shared(layer), ids, weights)


def cases():
    return find_cases(
        NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F, shared=2 * F), forward,
        {"plain": 23, "ties": 17, "empty": 19, "flood": 14})
