"""Hunyuan-A13B (its published modelling code, which drops at inference too; E 64, k 8, one shared
expert, F 3072, M 4096).

  l = x router^T, s = softmax(l) over all experts, all in f32; choose the k largest s
  w_c = s_c / max(sum of the chosen s, 2^-23), over all k choices, BEFORE any is dropped
  capacity C = max(k, floor(k T / E)) slots per expert, in the order of k_major: all first choices
      by token, then all second choices, and so on; a choice without a free slot is dropped
  y = sum of w_c f_c(x) over the kept choices + shared(x)

f and shared are down (silu(gate x) * up x). The weights that are left are not scaled up.
topk_ids is -1, slots is -1 and topk_weights is 0 for a dropped choice.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]  shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]  slots [T,k] i32
         capacity [] i64
"""

import numpy as np
from common import (EPS_F32, assign_slots, capacity_tensor, clear_order, linear, softmax, take,
                    topk)
from language_model import find_cases, random_layer, results, run_experts, run_shared

NAME = "hunyuan"
E, K, M, F = 8, 3, 10, 6


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), EPS_F32)
    capacity = max(K, K * len(ids) // E)
    kept, slots = assign_slots(ids, capacity, E)
    weights = np.where(kept >= 0, weights, 0.0)
    return results(run_experts(layer, kept, weights) + run_shared(layer), kept, weights,
                   slots=slots, capacity=capacity_tensor(capacity))


def cases():
    return find_cases(
        NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F, shared=F), forward,
        {"plain": 30, "drops": 37, "ties": 23, "empty": 20, "flood": 18, "t0": 0, "t1": 1})
