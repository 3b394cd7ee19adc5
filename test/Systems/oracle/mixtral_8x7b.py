"""Mixtral 8x7B as in Hugging Face transformers: renormalised top-2, one stored tensor per expert.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / (p[e1] + p[e2])
  y[t] = sum_i w_i f_{e_i}(x[t])        no capacity
  f(x) = w2 (silu(w1 x) * w3 x), no biases: w1 is the gate, w3 the up projection
  aux_loss = 0.02 E sum_e f_e P_e       f_e = choices of e in both columns / T, not divided by 2

Inputs:  hidden_states [T,10], block_sparse_moe.gate.weight [8,10], and for each expert i of 8 the
         tensors block_sparse_moe.experts.i.w1.weight [9,10], ...w2.weight [10,9],
         ...w3.weight [9,10]
Results: hidden_states [T,10], topk_ids [T,2] i32, topk_weights [T,2], aux_loss []
"""

import numpy as np
from common import (balance_loss, clear_order, combine, linear, mlp_of, scalar, search, silu,
                    softmax, take, topk)
from draws import mlp_weights, require, tokens_and_router

NAME = "mixtral-8x7b"
E, M, F = 8, 10, 9
PARTS = {"w1": "gate", "w2": "down", "w3": "up"}


def layer(x, router, experts):
    logits = linear(x, router)
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return {"hidden_states": combine(x, ids, weights, mlp_of(experts, "experts", silu)),
            "topk_ids": ids, "topk_weights": weights,
            "aux_loss": scalar(0.02 * balance_loss(p, ids, E))}


def build(rng, case, tokens):
    drawn = tokens_and_router(rng, case, tokens, E, M)
    x, router = drawn["hidden_states"], drawn["router.weight"]
    experts = mlp_weights(rng, "experts", M, F, E, gate=True)
    results = layer(x, router, experts)
    require(case, results["topk_ids"], E)
    stored = {f"block_sparse_moe.experts.{e}.{name}.weight": experts[f"experts.{part}.weight"][e]
              for e in range(E) for name, part in PARTS.items()}
    return {"hidden_states": x, "block_sparse_moe.gate.weight": router, **stored}, results


def cases():
    for case, tokens in (("plain", 19), ("ties", 22), ("empty", 12), ("flood", 14), ("t0", 0),
                         ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
