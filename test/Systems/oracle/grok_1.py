"""Grok-1: two of eight experts, weights not renormalised, gated GELU.

  p = softmax(x W^T) over all experts   e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] as it is
  y[t] = sum_i w_i f_{e_i}(x[t])        no capacity
  f(x) = down (gelu_tanh(gate x) * up x), no biases
The released code rounds w and the sum to bf16; here everything is exact.

Inputs:  hidden_states [T,10], router.weight [8,10], experts.gate.weight [8,9,10],
         experts.up.weight [8,9,10], experts.down.weight [8,10,9]
Results: hidden_states [T,10], topk_ids [T,2] i32, topk_weights [T,2]
"""

from common import clear_order, combine, gelu_tanh, linear, mlp_of, search, softmax, take, topk
from draws import mlp_weights, require, tokens_and_router

NAME = "grok-1"
E, M, F = 8, 10, 9


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, 2)
    weights = take(softmax(logits), ids)
    return {"hidden_states": combine(x, ids, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True)}
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 18), ("ties", 20), ("empty", 14), ("flood", 13), ("t0", 0),
                         ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
