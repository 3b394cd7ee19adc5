"""SageMaker model parallel v2 with its default load balancing, Megatron's Sinkhorn routing.

  l = x W^T
  s = Sinkhorn keys of l: with c = exp(l) and d1 = 1 for all experts at first, repeat
        d0[t] = (1/T) / (sum_e d1[e] c[t,e] + 1e-8)
        d1[e] = (1/E) / (sum_t d0[t] c[t,e] + 1e-8)
      until the mean over e of |d1 - previous d1| is at most 1e-4; s = d1[e] c[t,e] d0[t]
  e1, e2 the two largest of s, but the weights know nothing of s:
  w_i = softmax(l) over all experts, taken at e_i; not normalised
  y[t] = sum_i w_i f_{e_i}(x[t])        f(x) = down (silu(gate x) * up x), no biases

Inputs:  hidden_states [T,8], router.weight [5,8], experts.gate.weight [5,9,8],
         experts.up.weight [5,9,8], experts.down.weight [5,8,9]
Results: hidden_states [T,8], topk_ids [T,2] i32, topk_weights [T,2]
The case `skewed` has a router that prefers one expert; the keys spread the tokens.
"""

import numpy as np
from common import (clear_order, clear_sides, combine, linear, mlp_of, search, silu, softmax, take,
                    topk)
from draws import mlp_weights, tokens_and_router

NAME = "sagemaker-moe-sinkhorn"
E, M, F = 5, 8, 9


def sinkhorn(logits, tolerance=1e-4):
    cost = np.exp(logits)
    tokens, experts = cost.shape
    d1, change = np.ones(experts), np.inf
    while change > tolerance:
        previous = d1
        d0 = (1 / tokens) / (np.sum(d1 * cost, axis=1) + 1e-8)
        d1 = (1 / experts) / (np.sum(d0[:, None] * cost, axis=0) + 1e-8)
        change = np.mean(np.abs(previous - d1))
        clear_sides(change / tolerance, 1.0, 0.01)  # f32 must stop in the same round
    return d1 * cost * d0[:, None]


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    keys = sinkhorn(logits)
    clear_order(keys, relative=True)
    ids = topk(keys, 2)
    weights = take(softmax(logits), ids)
    return {"hidden_states": combine(x, ids, weights, mlp_of(i, "experts", silu)),
            "topk_ids": ids, "topk_weights": weights}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, "drops" if case == "skewed" else case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True)}
    return i, layer(i)


def cases():
    for case, tokens in (("plain", 18), ("skewed", 23)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
