"""DeepSpeed-MoE top-2: Gumbel-sampled second expert, position drop, normalised after dropping.

  p = softmax(l), l = x W^T             e1 = argmax p, lowest index on a tie
  e2 = argmax of l + gumbel among the other experts
  C = max(ceil((T / E) * 2.0), 4)       both operations in f32 (factor 1.0 times two choices)
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  w_i = p[e_i] if kept, else 0; then w_i / max(w_1 + w_2, 2^-23)
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down gelu_erf(up x + up_bias) + down_bias
  aux_loss = E sum_e f_e P_e            f_e share of tokens whose first choice is e, before dropping

Inputs:  hidden_states [T,11], gumbel [T,5], router.weight [5,11], experts.up.weight [5,8,11],
         experts.up.bias [5,8], experts.down.weight [5,11,8], experts.down.bias [5,11]
Results: hidden_states [T,11], topk_ids [T,2] i32 (-1 dropped), topk_weights [T,2] (0 dropped),
         slots [T,2] i32, capacity [] i64, aux_loss []
"""

import numpy as np
from common import (assign_slots, balance_loss, capacity_tensor, clear_order, combine, gelu_erf,
                    gumbel, linear, mlp_of, scalar, search, softmax, topk)
from deepspeed import f32_capacity, weights_after_drop
from draws import mlp_weights, require, tokens_and_router

NAME = "deepspeed-moe-top2"
E, M, F = 5, 11, 8


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
    capacity = f32_capacity(len(x), E, 2.0, 4)
    kept, slots = assign_slots(ids, capacity, E)
    weights = weights_after_drop(p, kept)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_erf)),
            "topk_ids": kept, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity), "aux_loss": scalar(balance_loss(p, first, E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True), "gumbel": gumbel(rng, tokens, E)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 22), ("drops", 32), ("ties", 27), ("empty", 15), ("flood", 19),
                         ("few", 5)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
