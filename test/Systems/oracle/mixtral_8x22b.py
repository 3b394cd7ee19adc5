"""Mixtral 8x22B as in mistral-inference: top-2 of the logits, softmax over the two.

  l = x W^T                             e1, e2 the two largest of l, lowest index on a tie
  [w_1, w_2] = softmax([l[e1], l[e2]])
  y[t] = sum_i w_i f_{e_i}(x[t])        no capacity
  f(x) = down (silu(gate x) * up x), no biases

Inputs:  hidden_states [T,9], router.weight [8,9], experts.gate.weight [8,10,9],
         experts.up.weight [8,10,9], experts.down.weight [8,9,10]
Results: hidden_states [T,9], topk_ids [T,2] i32, topk_weights [T,2]
"""

from common import clear_order, combine, linear, mlp_of, search, silu, softmax, take, topk
from draws import mlp_weights, require, tokens_and_router

NAME = "mixtral-8x22b"
E, M, F = 8, 9, 10


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, 2)
    weights = softmax(take(logits, ids))
    return {"hidden_states": combine(x, ids, weights, mlp_of(i, "experts", silu)),
            "topk_ids": ids, "topk_weights": weights}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True)}
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 17), ("ties", 21), ("empty", 14), ("flood", 12), ("t0", 0),
                         ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
