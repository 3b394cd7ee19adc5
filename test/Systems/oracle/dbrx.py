"""DBRX: four experts per token, weights divided by their L1 norm, experts stored as one matrix.

  p = softmax(x W^T)                    e1 .. e4 the four largest, lowest index on a tie
  w_i = p[e_i] / sum_j |p[e_j]|
  y[t] = sum_i w_i f_{e_i}(x[t])        no capacity
  f(x) = (silu(w1 x) * v1 x) w2         no biases
Expert e owns rows e F to (e + 1) F - 1 of each of the three matrices w1, v1, w2 [E F, M]: w1 and v1
map M to F as they are, w2 maps F to M by its columns (it is not transposed in the file).

Inputs:  hidden_states [T,10], router.weight [7,10], experts.w1 [63,10], experts.v1 [63,10],
         experts.w2 [63,10]
Results: hidden_states [T,10], topk_ids [T,4] i32, topk_weights [T,4]
"""

import numpy as np
from common import clear_order, combine, linear, mlp, normal, search, silu, softmax, take, topk
from draws import require, tokens_and_router

NAME = "dbrx"
E, M, F, K = 7, 10, 9, 4


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, K)
    weights = take(softmax(logits), ids)
    weights = weights / np.sum(np.abs(weights), axis=-1, keepdims=True)
    gate, up, down = (i[f"experts.{name}"].reshape(E, F, M) for name in ("w1", "v1", "w2"))

    def expert(e, rows):
        return mlp(rows, up[e], down[e].T, silu, gate=gate[e])

    return {"hidden_states": combine(x, ids, weights, expert), "topk_ids": ids,
            "topk_weights": weights}


def build(rng, case, tokens):
    i = tokens_and_router(rng, case, tokens, E, M)
    for name in ("w1", "v1", "w2"):
        i[f"experts.{name}"] = normal(rng, E * F, M, scale=M**-0.5)
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 17), ("ties", 19), ("empty", 11), ("flood", 13), ("t0", 0),
                         ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
