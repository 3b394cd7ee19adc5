"""NLLB-200 54B (fairseq `nllb`): padding mask, random second expert, conditional MoE routing.

mask[t] is 1 for a token and 0 for padding.
  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  The second choice stays only if 2 p[e2] > random[t]. Padding has no choices.
  C = 2 * ceil(T / E)                   padding counts in T
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  w_i = p[e_i] if kept, else 0; then w_i / max(w_1 + w_2, 2^-23)
  m[t] = sum_i w_i f_{e_i}(x[t])
  g = sigmoid(x cmr.weight^T + cmr.bias) * mask
  y = (1 - g) s(x) + g m                s the dense MLP `shared`; padding gets s(x)
All MLPs: down relu(up x + up_bias) + down_bias
  aux_loss = E sum_e f_e P_e            f_e = first choices of e by non-padding tokens / T, before
                                        dropping; P_e mean of p over all T

Inputs:  hidden_states [T,9], mask [T], random [T], router.weight [5,9],
         experts.up.weight [5,10,9], experts.up.bias [5,10], experts.down.weight [5,9,10],
         experts.down.bias [5,9], shared.up.weight [8,9], shared.up.bias [8],
         shared.down.weight [9,8], shared.down.bias [9], cmr.weight [1,9], cmr.bias [1]
Results: hidden_states [T,9], topk_ids [T,2] i32 (-1 dropped), topk_weights [T,2] (0 dropped),
         slots [T,2] i32, capacity [] i64, aux_loss []
"""

import numpy as np
from common import (EPS_F32, assign_slots, balance_loss, capacity_tensor, ceil_div, clear_order,
                    clear_sides, combine, linear, mlp_of, normal, relu, scalar, search, sigmoid,
                    softmax, take, topk, uniform)
from draws import mlp_weights, require, tokens_and_router

NAME = "nllb-moe"
E, M, F, SHARED = 5, 9, 10, 8


def layer(i):
    x, mask = i["hidden_states"], i["mask"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    second = 2 * take(p, ids)[:, 1]
    clear_sides(second - i["random"], 0.0)
    wanted = np.where(mask[:, None] == 1, ids, -1)
    wanted[second <= i["random"], 1] = -1
    capacity = 2 * ceil_div(len(x), E)
    kept, slots = assign_slots(wanted, capacity, E)
    weights = take(p, kept)
    weights = weights / np.maximum(np.sum(weights, axis=-1, keepdims=True), EPS_F32)
    moe = combine(x, kept, weights, mlp_of(i, "experts", relu))
    dense = mlp_of(i, "shared", relu)(None, x)
    gate = sigmoid(linear(x, i["cmr.weight"], i["cmr.bias"])) * mask[:, None]
    return {"hidden_states": (1 - gate) * dense + gate * moe, "topk_ids": kept,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(balance_loss(p, wanted[:, :1], E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True),
         **mlp_weights(rng, "shared", M, SHARED, bias=True),
         "mask": (rng.uniform(size=tokens) < 0.8).astype(np.float64),
         "random": uniform(rng, tokens), "cmr.weight": normal(rng, 1, M, scale=M**-0.5),
         "cmr.bias": normal(rng, 1)}
    if case == "padding":
        i["mask"][:] = 0.0
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"][i["mask"] == 1, 0])
    return i, results


def cases():
    for case, tokens in (("plain", 24), ("drops", 33), ("padding", 6), ("ties", 22), ("empty", 18),
                         ("flood", 16), ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
