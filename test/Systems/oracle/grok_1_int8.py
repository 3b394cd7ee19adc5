"""Grok-1 with its int8 expert weights: one scale per output channel.

Each expert matrix is data * scale, with data i8 and one f32 scale per expert and row.
Otherwise Grok-1: p = softmax(x W^T), e1, e2 the two largest (lowest index on a tie),
w_i = p[e_i] as it is, y[t] = sum_i w_i f_{e_i}(x[t]), f(x) = down (gelu_tanh(gate x) * up x).

Inputs:  hidden_states [T,12], router.weight [6,12], experts.gate.weight [6,10,12] i8,
         experts.gate.scales [6,10,1], experts.up.weight [6,10,12] i8, experts.up.scales [6,10,1],
         experts.down.weight [6,12,10] i8, experts.down.scales [6,12,1]
Results: hidden_states [T,12], topk_ids [T,2] i32, topk_weights [T,2]
"""

import numpy as np
from common import clear_order, combine, f32, gelu_tanh, linear, mlp_of, search, softmax, take, topk
from draws import mlp_weights, tokens_and_router

NAME = "grok-1-int8"
E, M, F = 6, 12, 10


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    ids = topk(logits, 2)
    weights = take(softmax(logits), ids)
    exact = {f"experts.{part}.weight": i[f"experts.{part}.weight"] * i[f"experts.{part}.scales"]
             for part in ("gate", "up", "down")}
    return {"hidden_states": combine(x, ids, weights, mlp_of(exact, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights}


def quantised(weights):
    """i8 data and the scale that makes the largest of each row 127."""
    scales = f32(np.max(np.abs(weights), axis=-1, keepdims=True) / 127)
    return np.round(weights / scales).astype(np.int8), scales


def build(rng, case, tokens):
    i = tokens_and_router(rng, case, tokens, E, M)
    for name, weights in mlp_weights(rng, "experts", M, F, E, gate=True).items():
        i[name], i[name.replace("weight", "scales")] = quantised(weights)
    return i, layer(i)


def cases():
    for case, tokens in (("plain", 16), ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
