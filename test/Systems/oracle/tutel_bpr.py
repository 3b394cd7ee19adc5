"""Tutel with batch priority routing: the tokens with the largest score are served first.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)        before dropping
  C = 2 * trunc(1.0 * ceil(T / E))
Tokens are ordered by descending p[e1] (not w_1), equal ones by index. Slots: all first choices in
this order, then all second choices in this order; a choice without one is dropped.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down relu(up x + up_bias) + down_bias

Inputs:  hidden_states [T,9], router.weight [5,9], experts.up.weight [5,8,9], experts.up.bias [5,8],
         experts.down.weight [5,9,8], experts.down.bias [5,9]
Results: hidden_states [T,9], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64
"""

import numpy as np
from common import assign_slots, capacity_tensor, clear_order, combine, descending, linear, search
from draws import mlp_weights, require, tokens_and_router
from tutel import experts_of, route, tutel_capacity

NAME = "tutel-bpr"
E, M, F = 5, 9, 8


def layer(i):
    x = i["hidden_states"]
    p, ids, weights = route(linear(x, i["router.weight"]))
    priority = np.max(p, axis=-1)
    clear_order(priority, 5e-6)
    capacity = tutel_capacity(1.0, len(x), ids, E)
    kept, slots = assign_slots(ids, capacity, E, tokens=descending(priority))
    return {"hidden_states": combine(x, kept, weights, experts_of(i)), "topk_ids": ids,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 21), ("drops", 32), ("ties", 24), ("empty", 17), ("flood", 16),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
