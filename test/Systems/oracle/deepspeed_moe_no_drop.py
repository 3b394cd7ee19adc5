"""DeepSpeed-MoE without dropping: the capacity is the largest load, padded for tensor parallelism.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  C = the largest number of choices of any expert, rounded up to a multiple of 2 (the degree of
      tensor parallelism)
Slots: all first choices in token order, then all second choices; every choice has one.
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down gelu_erf(up x + up_bias) + down_bias

Inputs:  hidden_states [T,8], router.weight [5,8], experts.up.weight [5,10,8],
         experts.up.bias [5,10], experts.down.weight [5,8,10], experts.down.bias [5,8]
Results: hidden_states [T,8], topk_ids [T,2] i32, topk_weights [T,2], slots [T,2] i32,
         capacity [] i64
"""

from common import (assign_slots, capacity_tensor, clear_order, combine, counts, gelu_erf, linear,
                    mlp_of, round_up, search, softmax, topk)
from deepspeed import weights_after_drop
from draws import mlp_weights, require, tokens_and_router

NAME = "deepspeed-moe-no-drop"
E, M, F = 5, 8, 10


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, 2)
    capacity = round_up(max(counts(ids, E)), 2)
    kept, slots = assign_slots(ids, capacity, E)
    weights = weights_after_drop(softmax(logits), kept)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_erf)),
            "topk_ids": kept, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 19), ("ties", 22), ("empty", 14), ("flood", 17), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
