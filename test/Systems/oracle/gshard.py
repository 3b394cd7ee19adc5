"""GShard (lingvo / mesh): two experts, the second kept at random, capacity in multiples of 4.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / (p[e1] + p[e2] + 1e-9) before anything is dropped
  The second choice stays only if random[t] < w_2 / 0.2; one that goes frees its slot.
  C = trunc(T * 2.0 / E), 4 if that is 0, rounded up to a multiple of 4
Slots: all first choices in token order, then all second choices in token order.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t]); weights are not normalised again
  f(x) = down relu(up x), no biases
  aux_loss = E sum_e f_e P_e            f_e share of tokens whose first choice is e, before dropping

Inputs:  hidden_states [T,13], random [T], router.weight [7,13], experts.up.weight [7,9,13],
         experts.down.weight [7,13,9]
Results: hidden_states [T,13], topk_ids [T,2] i32 (both choices before dropping),
         topk_weights [T,2] (theirs), slots [T,2] i32 (-1 dropped for either reason),
         capacity [] i64, aux_loss []
"""

import numpy as np
from common import (assign_slots, balance_loss, capacity_tensor, clear_order, clear_sides, combine,
                    linear, mlp_of, relu, round_up, scalar, search, softmax, take, topk, uniform)
from draws import mlp_weights, require, tokens_and_router

NAME = "gshard"
E, M, F = 7, 13, 9


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    weights = weights / (np.sum(weights, axis=-1, keepdims=True) + 1e-9)
    clear_sides(weights[:, 1] / 0.2 - i["random"], 0.0)
    wanted = ids.copy()
    wanted[i["random"] >= weights[:, 1] / 0.2, 1] = -1
    capacity = round_up(max(int(len(x) * 2.0 / E), 1), 4)
    kept, slots = assign_slots(wanted, capacity, E)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", relu)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(balance_loss(p, ids[:, :1], E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M), **mlp_weights(rng, "experts", M, F, E),
         "random": uniform(rng, tokens)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 25), ("drops", 37), ("ties", 31), ("empty", 15), ("flood", 18),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
