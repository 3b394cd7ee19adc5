"""Z-Code M3: DeepSpeed-MoE top-1 with jitter on the router's input and random token selection.

  p = softmax((x * jitter) W^T)         the experts see x; e = argmax p (lowest), w = p[e] as it is
  C = max(ceil((T / E) * 1.25), 4)      both operations in f32; T >= 4
An expert that more than C tokens chose keeps the C of them with the largest random[t,e].
  y[t] = w f_e(x[t]) if kept, else 0    f(x) = down relu(up x + up_bias) + down_bias
  aux_loss = 0.01 E sum_e f_e P_e       f_e share of tokens with argmax e before dropping

Inputs:  hidden_states [T,9], jitter [T,9], random [T,6] in (0, 1), router.weight [6,9],
         experts.up.weight [6,8,9], experts.up.bias [6,8], experts.down.weight [6,9,8],
         experts.down.bias [6,9]
Results: hidden_states [T,9], topk_ids [T,1] i32 (-1 dropped), topk_weights [T,1] (0 dropped),
         capacity [] i64, aux_loss []
"""

from common import (balance_loss, capacity_tensor, clear_order, combine, linear, mlp_of, relu,
                    scalar, search, softmax, take, topk, uniform)
from deepspeed import f32_capacity, keep_best
from draws import mlp_weights, require, tokens_and_router

NAME = "z-code-m3"
E, M, F = 6, 9, 8


def layer(i):
    x = i["hidden_states"]
    logits = linear(x * i["jitter"], i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 1)
    capacity = f32_capacity(len(x), E, 1.25, 4)
    kept = keep_best(ids, take(i["random"], ids), capacity, E)
    weights = take(p, kept)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", relu)),
            "topk_ids": kept, "topk_weights": weights, "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * balance_loss(p, ids, E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True),
         "jitter": uniform(rng, tokens, M, low=0.99, high=1.01),
         "random": uniform(rng, tokens, E, low=0.01)}
    if case == "ties":
        i["jitter"][:] = 1.0
    results = layer(i)
    require(case, results["topk_ids"], E, results["topk_ids"])
    return i, results


def cases():
    for case, tokens in (("plain", 21), ("drops", 33), ("ties", 25), ("empty", 16), ("flood", 17)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
