"""SageMaker model parallel v2: Mixtral with the training losses of its MoE configuration.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / (p[e1] + p[e2])
  y[t] = sum_i w_i f_{e_i}(x[t])        no capacity
  f(x) = down (silu(gate x) * up x), no biases
  aux_loss = 0.001 E sum_e f_e P_e      f_e = choices of e in both columns / T
  z_loss = 0.001 mean_t logsumexp(l[t])^2

Inputs:  hidden_states [T,9], router.weight [6,9], experts.gate.weight [6,8,9],
         experts.up.weight [6,8,9], experts.down.weight [6,9,8]
Results: hidden_states [T,9], topk_ids [T,2] i32, topk_weights [T,2], aux_loss [], z_loss []
"""

import numpy as np
from common import (balance_loss, clear_order, combine, linear, mlp_of, scalar, search, silu,
                    softmax, take, topk, z_loss)
from draws import mlp_weights, require, tokens_and_router

NAME = "sagemaker-moe"
E, M, F = 6, 9, 8


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return {"hidden_states": combine(x, ids, weights, mlp_of(i, "experts", silu)),
            "topk_ids": ids, "topk_weights": weights,
            "aux_loss": scalar(0.001 * balance_loss(p, ids, E)),
            "z_loss": scalar(0.001 * z_loss(logits))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True)}
    results = layer(i)
    require(case, results["topk_ids"], E)
    return i, results


def cases():
    for case, tokens in (("plain", 19), ("ties", 21), ("empty", 15), ("flood", 13), ("t0", 0)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
