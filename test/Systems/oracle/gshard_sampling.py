"""GShard with a sampled second expert (praxis): Gumbel noise, normalised after dropping.

  p = softmax(l), l = x W^T             e1 = argmax p, lowest index on a tie
  e2 = argmax of l + gumbel among the other experts
  C = trunc(T * 2.0 / E), 4 if that is 0, rounded up to a multiple of 4
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  w_i = p[e_i] if kept, else 0; then w_i / (w_1 + w_2), a sum of 0 counting as 1
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down (gelu_tanh(gate x) * up x), no biases
  aux_loss = 0.01 E sum_e f_e P_e       f_e share of tokens whose first choice is e, before dropping

Inputs:  hidden_states [T,10], gumbel [T,6], router.weight [6,10], experts.gate.weight [6,12,10],
         experts.up.weight [6,12,10], experts.down.weight [6,10,12]
Results: hidden_states [T,10], topk_ids [T,2] i32 (-1 dropped), topk_weights [T,2] (0 dropped),
         slots [T,2] i32, capacity [] i64, aux_loss []
"""

import numpy as np
from common import (assign_slots, balance_loss, capacity_tensor, clear_order, combine, gelu_tanh,
                    gumbel, linear, mlp_of, round_up, scalar, search, softmax, take, topk)
from draws import mlp_weights, require, tokens_and_router

NAME = "gshard-sampling"
E, M, F = 6, 10, 12


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
    capacity = round_up(max(int(len(x) * 2.0 / E), 1), 4)
    kept, slots = assign_slots(ids, capacity, E)
    weights = take(p, kept)
    total = np.sum(weights, axis=-1, keepdims=True)
    weights = weights / np.where(total == 0, 1.0, total)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": kept, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * balance_loss(p, first, E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True), "gumbel": gumbel(rng, tokens, E)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 22), ("drops", 33), ("ties", 28), ("empty", 16), ("flood", 21),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
