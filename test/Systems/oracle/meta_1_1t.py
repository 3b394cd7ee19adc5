"""Meta's 1.1T language model (fairseq `moe`): sampled second expert, eval capacity by fraction.

  p = softmax(l), l = x W^T             e1 = argmax p, lowest index on a tie
  e2 = argmax of l + gumbel among the other experts (in evaluation too)
  C = ceil(0.25 * T)
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  w_i = p[e_i] if kept, else 0; then w_i / max(w_1 + w_2, 2^-23)
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down gelu_erf(up x + up_bias) + down_bias
  aux_loss = 0.01 E sum_e f_e P_e       f_e share of tokens whose first choice is e, before dropping

Inputs:  hidden_states [T,10], gumbel [T,6], router.weight [6,10], experts.up.weight [6,9,10],
         experts.up.bias [6,9], experts.down.weight [6,10,9], experts.down.bias [6,10]
Results: hidden_states [T,10], topk_ids [T,2] i32 (-1 dropped), topk_weights [T,2] (0 dropped),
         slots [T,2] i32, capacity [] i64, aux_loss []
"""

import math

import numpy as np
from common import (EPS_F32, assign_slots, balance_loss, capacity_tensor, clear_order, combine,
                    gelu_erf, gumbel, linear, mlp_of, scalar, search, softmax, take, topk)
from draws import mlp_weights, require, tokens_and_router

NAME = "meta-1.1t"
E, M, F = 6, 10, 9


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    noisy = logits + i["gumbel"]
    clear_order(logits)
    clear_order(noisy)
    p = softmax(logits)
    first = topk(logits, 1)
    np.put_along_axis(noisy, first, -np.inf, axis=1)
    ids = np.concatenate([first, topk(noisy, 1)], axis=1)
    capacity = math.ceil(0.25 * len(x))
    kept, slots = assign_slots(ids, capacity, E)
    weights = take(p, kept)
    weights = weights / np.maximum(np.sum(weights, axis=-1, keepdims=True), EPS_F32)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_erf)),
            "topk_ids": kept, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * balance_loss(p, first, E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True), "gumbel": gumbel(rng, tokens, E)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 21), ("drops", 30), ("ties", 23), ("empty", 16), ("flood", 17),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
