"""DeepSpeed-MoE top-k with drop policy `position`: token order over all choices at once.

  l = x W^T, p = softmax(l)             e1, e2, e3 the three largest of l, lowest on a tie
  C = max(ceil((T / E) * 2.4), 4)       both operations in f32 (factor 0.8 times three choices)
Slots are given token by token, to all three choices of a token before the next one; a choice whose
expert is full is dropped.
  w_i = p[e_i] if kept, else 0; then w_i / max(sum w, 2^-23)
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down gelu_erf(up x + up_bias) + down_bias
  aux_loss = E sum_e f_e P_e / 3        f_e choices of e / T before dropping

Inputs:  hidden_states [T,9], router.weight [7,9], experts.up.weight [7,10,9],
         experts.up.bias [7,10], experts.down.weight [7,9,10], experts.down.bias [7,9]
Results: hidden_states [T,9], topk_ids [T,3] i32 (-1 dropped), topk_weights [T,3] (0 dropped),
         slots [T,3] i32, capacity [] i64, aux_loss []
"""

from common import (assign_slots, balance_loss, capacity_tensor, clear_order, combine, gelu_erf,
                    linear, mlp_of, scalar, search, softmax, topk)
from deepspeed import f32_capacity, weights_after_drop
from draws import mlp_weights, require, tokens_and_router

NAME = "deepspeed-moe-topk-position"
E, M, F, K = 7, 9, 10, 3


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, K)
    capacity = f32_capacity(len(x), E, 0.8 * K, 4)
    kept, slots = assign_slots(ids, capacity, E, order="token_major")
    weights = weights_after_drop(p, kept)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_erf)),
            "topk_ids": kept, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(balance_loss(p, ids, E) / K)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 20), ("drops", 34), ("ties", 23), ("empty", 15), ("flood", 17),
                         ("few", 5)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
