"""Tutel with capacity factor 0: as many slots as the busiest expert needs, so nothing is dropped.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)
  C = the largest number of choices of any expert
Slots: all first choices in token order, then all second choices.
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down relu(up x + up_bias) + down_bias

Inputs:  hidden_states [T,9], router.weight [6,9], experts.up.weight [6,8,9], experts.up.bias [6,8],
         experts.down.weight [6,9,8], experts.down.bias [6,9]
Results: hidden_states [T,9], topk_ids [T,2] i32, topk_weights [T,2], slots [T,2] i32,
         capacity [] i64
"""

from common import assign_slots, capacity_tensor, combine, linear, search
from draws import mlp_weights, require, tokens_and_router
from tutel import experts_of, route, tutel_capacity

NAME = "tutel-auto"
E, M, F = 6, 9, 8


def layer(i):
    x = i["hidden_states"]
    _, ids, weights = route(linear(x, i["router.weight"]))
    capacity = tutel_capacity(0, len(x), ids, E)
    kept, slots = assign_slots(ids, capacity, E)
    return {"hidden_states": combine(x, kept, weights, experts_of(i)), "topk_ids": ids,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 20), ("ties", 21), ("empty", 13), ("flood", 17), ("t0", 0),
                         ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
