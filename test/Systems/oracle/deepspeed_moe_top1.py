"""DeepSpeed-MoE top-1 with random token selection: a full expert keeps randomly chosen tokens.

  p = softmax(x W^T)                    e = argmax p (lowest on a tie), w = p[e] as it is
  C = max(ceil((T / E) * 1.0), 4)       both operations in f32; T >= 4
An expert that more than C tokens chose keeps the C of them with the largest random[t,e].
  y[t] = w f_e(x[t]) if kept, else 0    f(x) = down gelu_erf(up x + up_bias) + down_bias
  aux_loss = E sum_e f_e P_e            f_e share of tokens with argmax e before dropping

Inputs:  hidden_states [T,10], random [T,5] in (0, 1), router.weight [5,10],
         experts.up.weight [5,9,10], experts.up.bias [5,9], experts.down.weight [5,10,9],
         experts.down.bias [5,10]
Results: hidden_states [T,10], topk_ids [T,1] i32 (-1 dropped), topk_weights [T,1] (0 dropped),
         capacity [] i64, aux_loss []
"""

from common import (balance_loss, capacity_tensor, clear_order, combine, gelu_erf, linear, mlp_of,
                    scalar, search, softmax, take, topk, uniform)
from deepspeed import f32_capacity, keep_best
from draws import mlp_weights, require, tokens_and_router

NAME = "deepspeed-moe-top1"
E, M, F = 5, 10, 9


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 1)
    capacity = f32_capacity(len(x), E, 1.0, 4)
    kept = keep_best(ids, take(i["random"], ids), capacity, E)
    weights = take(p, kept)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_erf)),
            "topk_ids": kept, "topk_weights": weights, "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(balance_loss(p, ids, E))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True),
         "random": uniform(rng, tokens, E, low=0.01)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["topk_ids"])
    return i, results


def cases():
    for case, tokens in (("plain", 23), ("drops", 34), ("ties", 26), ("empty", 15), ("flood", 18)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
