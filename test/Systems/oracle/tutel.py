"""What the Tutel oracles share: the gate's weights, two experts per token, and the MLP.

Also the oracle of `tutel` itself, with a positive capacity factor:

  n = x W^T + noise / E                 noise is drawn from N(0, 1), training only
  p = softmax(n)                        e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)        before dropping
  C = 2 * trunc(1.25 * ceil(T / E)), rounded up to a multiple of 4
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down relu(up x + up_bias) + down_bias
  aux_loss = E sum_e f_e P_e            f_e share of tokens whose first choice is e, P_e mean of p

Inputs:  hidden_states [T,10], noise [T,5], router.weight [5,10], experts.up.weight [5,9,10],
         experts.up.bias [5,9], experts.down.weight [5,10,9], experts.down.bias [5,10]
Results: hidden_states [T,10], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64, aux_loss []
"""

import numpy as np
from common import (EPS_F32, assign_slots, balance_loss, capacity_tensor, ceil_div, clear_order,
                    combine, counts, linear, mlp_of, normal, relu, round_up, scalar, search,
                    softmax, take, topk)
from draws import mlp_weights, require, tokens_and_router

NAME = "tutel"
E, M, F = 5, 10, 9


def route(logits):
    """p, the two best experts of each token, and their weights divided by their sum."""
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    return p, ids, weights / np.maximum(np.sum(weights, axis=-1, keepdims=True), EPS_F32)


def tutel_capacity(factor, tokens, ids, num_experts, multiple=1):
    """k * trunc(factor * ceil(tokens / experts)) for a positive factor; the largest load for 0;
    the smaller of both, with the factor's absolute value, for a negative one."""
    by_factor = ids.shape[1] * int(abs(factor) * ceil_div(tokens, num_experts))
    load = int(max(counts(ids, num_experts)))
    capacity = by_factor if factor > 0 else min(load, by_factor) if factor < 0 else load
    return round_up(capacity, multiple)


def experts_of(i):
    return mlp_of(i, "experts", relu)


def layer(i):
    x = i["hidden_states"]
    p, ids, weights = route(linear(x, i["router.weight"]) + i["noise"] / E)
    capacity = tutel_capacity(1.25, len(x), ids, E, multiple=4)
    kept, slots = assign_slots(ids, capacity, E)
    return {"hidden_states": combine(x, kept, weights, experts_of(i)), "topk_ids": ids,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(balance_loss(p, ids[:, :1], E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    i["noise"] = np.zeros((tokens, E)) if case == "ties" else normal(rng, tokens, E)
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 23), ("drops", 33), ("ties", 26), ("empty", 16), ("flood", 18),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
