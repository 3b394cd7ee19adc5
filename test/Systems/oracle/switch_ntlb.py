"""Switch with "no token left behind" (Mesh TensorFlow transformer/moe.py, "ntlb").

  l = x router^T, s = softmax(l) over all experts in f32; the 4 best experts of a token, best
      first, are its candidates
  C = max(min(T, trunc(1.0 T / E)), 4) slots per expert
  round 1 offers every token, by position, to its first candidate; round i offers the tokens that
      have no place yet, by position, to their i-th; a full expert turns tokens away
  w = s of the expert that took the token, not normalised;  y = w f(x), 0 without a place
  aux_loss = E * sum_e f_e P_e, f_e = (candidacies of e) / (4 T), P_e = mean_t s[t,e]

f(x) = down (relu(up x)). In the results only the candidate that took the token is kept: topk_ids
and slots are -1 and topk_weights is 0 for the others. So at most one of four is not -1.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.up.weight [E,F,M]
         experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,4] i32  topk_weights [T,4]  slots [T,4] i32
         capacity [] i64  aux_loss []
"""

import numpy as np
from common import (balance_loss, capacity_tensor, clear_order, linear, relu, scalar, softmax,
                    take, topk)
from language_model import find_cases, random_layer, results, run_experts

NAME = "switch-ntlb"
E, K, M, F = 6, 4, 10, 9


def offer(ids, capacity):
    """The candidate that takes each token, and its slot."""
    kept, slots = np.full_like(ids, -1), np.full_like(ids, -1)
    used = [0] * E
    for c in range(K):
        for t in np.flatnonzero(np.all(kept < 0, axis=1)):
            e = ids[t, c]
            if used[e] < capacity:
                kept[t, c], slots[t, c] = e, used[e]
                used[e] += 1
    return kept, slots


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    capacity = max(min(len(ids), int(1.0 * len(ids) / E)), 4)
    kept, slots = offer(ids, capacity)
    weights = take(scores, kept)
    return results(run_experts(layer, kept, weights, relu), kept, weights, slots=slots,
                   capacity=capacity_tensor(capacity),
                   aux_loss=scalar(balance_loss(scores, ids, E) / K))


def cases():
    return find_cases(NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F, gate=False),
                      forward,
                      {"plain": 33, "large": 40, "ties": 26, "empty": 19, "flood": 24, "t0": 0,
                       "t1": 1})
