"""GLaM (praxis): GShard's top-2 with both choices always wanted and gated GELU experts.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / (p[e1] + p[e2] + 1e-9) before dropping
  C = trunc(T * 2.0 / E), 4 if that is 0, rounded up to a multiple of 4
Slots: all first choices in token order, then all second choices in token order.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down (gelu_tanh(gate x) * up x), no biases
  aux_loss = 0.01 E sum_e f_e P_e       f_e share of tokens whose first choice is e, before dropping

Inputs:  hidden_states [T,14], router.weight [5,14], experts.gate.weight [5,11,14],
         experts.up.weight [5,11,14], experts.down.weight [5,14,11]
Results: hidden_states [T,14], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64, aux_loss []
"""

import numpy as np
from common import (assign_slots, balance_loss, capacity_tensor, clear_order, combine, gelu_tanh,
                    linear, mlp_of, round_up, scalar, search, softmax, take, topk)
from draws import mlp_weights, require, tokens_and_router

NAME = "glam"
E, M, F = 5, 14, 11


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    weights = weights / (np.sum(weights, axis=-1, keepdims=True) + 1e-9)
    capacity = round_up(max(int(len(x) * 2.0 / E), 1), 4)
    kept, slots = assign_slots(ids, capacity, E)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * balance_loss(p, ids[:, :1], E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 19), ("drops", 36), ("ties", 27), ("empty", 16), ("flood", 22),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
