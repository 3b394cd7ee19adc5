"""Hugging Face transformers v5, grouped experts: fused projections, sum in the order of choices.

  p = softmax(x W^T)                    e1, e2, e3 the three largest, lowest index on a tie
  w_i = p[e_i] / sum_j p[e_j]
  [g, u] = the two halves of gate_up x  gate half first
  f(x) = down (silu(g) * u)             no biases
  y[t] = sum_i w_i f_{e_i}(x[t])        no capacity

Inputs:  hidden_states [T,9], router.weight [6,9], experts.gate_up_proj [6,20,9],
         experts.down_proj [6,9,10]
Results: hidden_states [T,9], topk_ids [T,3] i32, topk_weights [T,3]
"""

import numpy as np
from common import clear_order, combine, linear, mlp, normal, search, silu, softmax, take, topk
from draws import require, tokens_and_router

NAME = "hf-grouped"
E, M, F, K = 6, 9, 10, 3


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, K)
    return finish(i, ids, take(softmax(logits), ids))


def finish(i, ids, weights):
    total = np.sum(weights, axis=-1, keepdims=True)
    weights = weights / np.where(total == 0, 1, total)
    gate, up = np.split(i["experts.gate_up_proj"], 2, axis=1)

    def expert(e, rows):
        return mlp(rows, up[e], i["experts.down_proj"][e], silu, gate=gate[e])

    return {"hidden_states": combine(i["hidden_states"], ids, weights, expert), "topk_ids": ids,
            "topk_weights": weights}


def draw(rng, case, tokens):
    return {**tokens_and_router(rng, case, tokens, E, M),
            "experts.gate_up_proj": normal(rng, E, 2 * F, M, scale=M**-0.5),
            "experts.down_proj": normal(rng, E, M, F, scale=F**-0.5)}


def build(rng, case, tokens):
    i = draw(rng, case, tokens)
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 16), ("ties", 18), ("empty", 11), ("flood", 9), ("t0", 0),
                         ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
