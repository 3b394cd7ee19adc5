"""DeepSpeed-MoE top-k with drop policy `probs`: each expert keeps its largest logits.

  l = x W^T, p = softmax(l)             e1, e2, e3 the three largest of l
  C = max(ceil((T / E) * 3.0), 4)       both operations in f32 (factor 1.0 times three choices)
Each expert looks at one key per token: l[t,e] if the token chose it, 0 if it did not. It keeps the
choices among the C tokens with the largest keys. So a chosen token with a negative logit can lose
its place to tokens that did not choose the expert.
  w_i = p[e_i] if kept, else 0; then w_i / max(sum w, 2^-23)
  y[t] = sum_i w_i f_{e_i}(x[t]),       f(x) = down gelu_erf(up x + up_bias) + down_bias
  aux_loss = E sum_e f_e P_e / 3        f_e choices of e / T before dropping

Inputs:  hidden_states [T,10], router.weight [6,10], experts.up.weight [6,9,10],
         experts.up.bias [6,9], experts.down.weight [6,10,9], experts.down.bias [6,10]
Results: hidden_states [T,10], topk_ids [T,3] i32 (-1 dropped), topk_weights [T,3] (0 dropped),
         capacity [] i64, aux_loss []
The case `negative` has only negative logits for one expert, so that choices are lost for which
there would be room.
"""

from common import (balance_loss, capacity_tensor, clear_order, combine, gelu_erf, linear, mlp_of,
                    scalar, search, softmax, take, topk)
from deepspeed import f32_capacity, keep_best, weights_after_drop
from draws import mlp_weights, require, tokens_and_router

NAME = "deepspeed-moe-topk-probs"
E, M, F, K = 6, 10, 9, 3


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, K)
    capacity = f32_capacity(len(x), E, 1.0 * K, 4)
    kept = keep_best(ids, take(logits, ids), capacity, E, unselected=0.0)
    weights = weights_after_drop(p, kept)
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_erf)),
            "topk_ids": kept, "topk_weights": weights, "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(balance_loss(p, ids, E) / K)}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    if case == "negative":
        i["hidden_states"][:, 0] = 1.0
        i["router.weight"][:, 0] = -1.0
    results = layer(i)
    require("drops" if case == "negative" else case, results["topk_ids"], E, results["topk_ids"])
    return i, results


def cases():
    for case, tokens in (("plain", 24), ("drops", 32), ("negative", 25), ("empty", 14),
                         ("flood", 18), ("few", 5)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
