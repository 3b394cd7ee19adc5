"""Switch Transformer XXL (flaxformer): groups, half-even capacity, gated GELU experts.

The T tokens form 2 groups of S = T / 2 neighbours (T is even).
  p = softmax(x W^T), e = argmax p (lowest on a tie), w = p[e] as it is
  C = max(round(1.25 * S / E), 2)       round halves to even
Each expert has C slots per group, given out in token order; group g uses slots g C + 0, 1, ...
  y[t] = w f_e(x[t]) if kept, else 0    f(x) = down (gelu_tanh(gate x) * up x), no biases
  aux_loss = 0.01 * mean over the groups of E sum_e f_e P_e, f_e counted before dropping
  z_loss = 0.001 * mean over all tokens of logsumexp(l[t])^2

Inputs:  hidden_states [T,12], router.weight [6,12], experts.gate.weight [6,10,12],
         experts.up.weight [6,10,12], experts.down.weight [6,12,10]
Results: hidden_states [T,12], topk_ids [T,1] i32 (before dropping), topk_weights [T,1],
         slots [T,1] i32 (-1 dropped), capacity [] i64 (per group), aux_loss [], z_loss []
"""

import numpy as np
from common import (balance_loss, capacity_tensor, clear_order, combine, gelu_tanh, linear, mlp_of,
                    scalar, search, softmax, take, topk, z_loss)
from draws import assign_in_groups, mlp_weights, require, tokens_and_router

NAME = "switch-transformer-flaxformer"
E, M, F, GROUPS = 6, 12, 10, 2


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 1)
    weights = take(p, ids)
    capacity = max(round(1.25 * (len(x) // GROUPS) / E), 2)
    kept, slots = assign_in_groups(ids, capacity, E, GROUPS)
    groups = [balance_loss(q, e, E) for q, e in zip(np.split(p, GROUPS), np.split(ids, GROUPS))]
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * np.mean(groups)), "z_loss": scalar(0.001 * z_loss(logits))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    # 24 tokens: 1.25 * 12 / 6 = 2.5 rounds to 2.
    for case, tokens in (("plain", 24), ("drops", 38), ("ties", 26), ("empty", 18), ("flood", 14),
                         ("t0", 0)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
