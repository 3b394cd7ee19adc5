"""V-MoE with batch priority routing: the tokens with the largest gate are served first.

  p = softmax(x W^T), no noise          e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] as it is
  C = ceil(T * 2 * 0.6 / E), rounded up to a multiple of 4
Tokens are ordered by descending p[e1], equal ones by index. Slots: all first choices in this
order, then all second choices in this order.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down gelu_tanh(up x + up_bias) + down_bias

Inputs:  hidden_states [T,11], router.weight [6,11], experts.up.weight [6,10,11],
         experts.up.bias [6,10], experts.down.weight [6,11,10], experts.down.bias [6,11]
Results: hidden_states [T,11], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64
The case `ties` repeats each token, so that priorities are exactly equal.
"""

import math

import numpy as np
from common import (assign_slots, capacity_tensor, clear_order, combine, descending, gelu_tanh,
                    linear, mlp_of, round_up, search, softmax, take, topk)
from draws import mlp_weights, require, tokens_and_router

NAME = "v-moe-bpr"
E, M, F = 6, 11, 10


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    clear_order(weights[:, 0], 5e-6)
    capacity = round_up(math.ceil(len(x) * 2 * 0.6 / E), 4)
    kept, slots = assign_slots(ids, capacity, E, tokens=descending(weights[:, 0]))
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    drawn = "drops" if case == "ties" else case
    i = {**tokens_and_router(rng, drawn, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    if case == "ties":
        i["hidden_states"] = np.repeat(i["hidden_states"][: tokens // 2], 2, axis=0)
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 21), ("drops", 35), ("ties", 30), ("empty", 17), ("flood", 16),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
