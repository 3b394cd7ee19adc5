"""DeepSpeed's residual MoE (PR-MoE): a dense MLP beside a top-1 MoE, mixed by a learned softmax.

  p = softmax(x W^T)                    e = argmax p (lowest on a tie), w = p[e]
  C = max(ceil((T / E) * 1.0), 4)       both operations in f32; T >= 4
An expert that more than C tokens chose keeps the C of them with the largest random[t,e].
  m[t] = w f_e(x[t]) if kept, else 0
  [c0, c1] = softmax(x coefficient.weight^T + coefficient.bias)
  y = c0 m + c1 s(x)                    s the dense MLP `shared`
Both MLPs: down gelu_erf(up x + up_bias) + down_bias

Inputs:  hidden_states [T,10], random [T,4] in (0, 1), router.weight [4,10],
         experts.up.weight [4,11,10], experts.up.bias [4,11], experts.down.weight [4,10,11],
         experts.down.bias [4,10], shared.up.weight [9,10], shared.up.bias [9],
         shared.down.weight [10,9], shared.down.bias [10], coefficient.weight [2,10],
         coefficient.bias [2]
Results: hidden_states [T,10], topk_ids [T,1] i32 (-1 dropped), topk_weights [T,1] (0 dropped),
         capacity [] i64
"""

from common import (capacity_tensor, clear_order, combine, gelu_erf, linear, mlp_of, normal,
                    search, softmax, take, topk, uniform)
from deepspeed import f32_capacity, keep_best
from draws import mlp_weights, require, tokens_and_router

NAME = "deepspeed-moe-residual"
E, M, F, SHARED = 4, 10, 11, 9


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, 1)
    capacity = f32_capacity(len(x), E, 1.0, 4)
    kept = keep_best(ids, take(i["random"], ids), capacity, E)
    weights = take(softmax(logits), kept)
    moe = combine(x, kept, weights, mlp_of(i, "experts", gelu_erf))
    dense = mlp_of(i, "shared", gelu_erf)(None, x)
    share = softmax(linear(x, i["coefficient.weight"], i["coefficient.bias"]))
    return {"hidden_states": share[:, :1] * moe + share[:, 1:] * dense, "topk_ids": kept,
            "topk_weights": weights, "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True),
         **mlp_weights(rng, "shared", M, SHARED, bias=True),
         "random": uniform(rng, tokens, E, low=0.01),
         "coefficient.weight": normal(rng, 2, M, scale=M**-0.5),
         "coefficient.bias": normal(rng, 2)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["topk_ids"])
    return i, results


def cases():
    for case, tokens in (("plain", 21), ("drops", 31), ("ties", 22), ("empty", 15), ("flood", 16)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
