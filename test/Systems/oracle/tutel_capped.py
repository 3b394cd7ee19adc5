"""Tutel with a negative capacity factor: as many slots as needed, up to a limit.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)        before dropping
  C = min(largest number of choices of any expert, 2 * trunc(1.1 * ceil(T / E))),
      rounded up to a multiple of 2
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down relu(up x + up_bias) + down_bias

Inputs:  hidden_states [T,8], router.weight [5,8], experts.up.weight [5,9,8], experts.up.bias [5,9],
         experts.down.weight [5,8,9], experts.down.bias [5,8]
Results: hidden_states [T,8], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64
"""

from common import assign_slots, capacity_tensor, combine, linear, search
from draws import mlp_weights, require, tokens_and_router
from tutel import experts_of, route, tutel_capacity

NAME = "tutel-capped"
E, M, F = 5, 8, 9


def layer(i):
    x = i["hidden_states"]
    _, ids, weights = route(linear(x, i["router.weight"]))
    capacity = tutel_capacity(-1.1, len(x), ids, E, multiple=2)
    kept, slots = assign_slots(ids, capacity, E)
    return {"hidden_states": combine(x, kept, weights, experts_of(i)), "topk_ids": ids,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 22), ("drops", 31), ("ties", 24), ("empty", 17), ("flood", 15),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
