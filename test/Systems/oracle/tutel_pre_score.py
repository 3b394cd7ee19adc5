"""Tutel with is_postscore=False: the routing weight multiplies the input of the expert.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)        before dropping
  C = 2 * trunc(1.0 * ceil(T / E))
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  y[t] = sum over kept choices of f_{e_i}(w_i x[t])
  f(x) = down relu(up x + up_bias) + down_bias; with biases f(w x) is not w f(x)

Inputs:  hidden_states [T,10], router.weight [4,10], experts.up.weight [4,7,10],
         experts.up.bias [4,7], experts.down.weight [4,10,7], experts.down.bias [4,10]
Results: hidden_states [T,10], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64
"""

import numpy as np
from common import assign_slots, capacity_tensor, combine, linear, search
from draws import mlp_weights, require, tokens_and_router
from tutel import experts_of, route, tutel_capacity

NAME = "tutel-pre-score"
E, M, F = 4, 10, 7


def layer(i):
    x = i["hidden_states"]
    _, ids, weights = route(linear(x, i["router.weight"]))
    capacity = tutel_capacity(1.0, len(x), ids, E)
    kept, slots = assign_slots(ids, capacity, E)
    y = sum(combine(weights[:, c, None] * x, kept[:, c, None], np.ones((len(x), 1)), experts_of(i))
            for c in range(2))
    return {"hidden_states": y, "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 19), ("drops", 30), ("ties", 23), ("empty", 15), ("flood", 17),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
