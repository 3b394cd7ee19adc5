"""Switch Transformer (mesh-tensorflow): one expert per token, position drop, balance and z loss.

Training step with the multiplicative jitter of the router's copy of the input:
  l = (x * jitter) W^T                  the experts see x without jitter
  p = softmax(l) over all experts       e = argmax p, lowest index on a tie
  w = p[e]                              not normalised, not scaled
  C = max(min(T, trunc(T * 1.25 / E)), 4)
The first C tokens of an expert, in token order, get slots 0, 1, ...; the others are dropped.
  y[t] = w f_e(x[t]) if kept, else 0    f(x) = down relu(up x), no biases
  aux_loss = 0.01 E sum_e f_e P_e       f_e share of tokens with argmax e before dropping,
                                        P_e mean of p
  z_loss = mean_t logsumexp(l[t])^2     both 0 without tokens

Inputs:  hidden_states [T,11], jitter [T,11], router.weight [5,11], experts.up.weight [5,13,11],
         experts.down.weight [5,11,13]
Results: hidden_states [T,11], topk_ids [T,1] i32 (before dropping), topk_weights [T,1],
         slots [T,1] i32 (-1 dropped), capacity [] i64, aux_loss [], z_loss []
"""

import numpy as np
from common import (assign_slots, balance_loss, capacity_tensor, clear_order, combine, linear,
                    mlp_of, relu, scalar, search, softmax, take, topk, uniform, z_loss)
from draws import mlp_weights, require, tokens_and_router

NAME = "switch-transformer"
E, M, F = 5, 11, 13


def layer(i):
    x = i["hidden_states"]
    logits = linear(x * i["jitter"], i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 1)
    weights = take(p, ids)
    capacity = max(min(len(x), int(len(x) * 1.25 / E)), 4)
    kept, slots = assign_slots(ids, capacity, E)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", relu)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * balance_loss(p, ids, E)), "z_loss": scalar(z_loss(logits))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M), **mlp_weights(rng, "experts", M, F, E)}
    exact = case in ("ties", "t0")
    i["jitter"] = np.ones((tokens, M)) if exact else uniform(rng, tokens, M, low=0.99, high=1.01)
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 23), ("drops", 34), ("ties", 29), ("empty", 17), ("flood", 19),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
