"""MegaBlocks' dropless MoE (dMoE).

  l = x router^T, s = softmax(l) over all experts, in the model's element type (f32 here)
  choose the k largest s;  w_c = s_c / (sum over the choices of s^2)^(1/2), its L_p norm with p = 2
  y = sum_c w_c f_c(x) + bias       f(x) = gelu(x up^T) down, gelu in its tanh form

`down` is stored as [F, M], not transposed. The one output bias belongs to the layer, not to an
expert, and is added once without a weight.
  aux_loss = 0.01 * E * sum_e f_e P_e, f_e = (choices of e) / (k T), P_e = mean_t s[t,e]
  z_loss   = 0.001 * mean_t (log sum_e exp l[t,e])^2

inputs   hidden_states [T,M]  router.weight [E,M]  experts.up.weight [E,F,M]
         experts.down.weight [E,F,M]  bias [M]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]  aux_loss []  z_loss []
"""

import numpy as np
from common import (balance_loss, clear_order, combine, gelu_tanh, linear, mlp, normal, scalar,
                    softmax, take, topk, z_loss)
from draws import mlp_weights, tokens_and_router
from language_model import find_cases, results

NAME = "megablocks-dmoe"
E, K, M, F = 8, 3, 10, 9


def run(layer, ids, weights):
    def expert(e, rows):
        down = layer["experts.down.weight"][e].T
        return mlp(rows, layer["experts.up.weight"][e], down, gelu_tanh)

    return combine(layer["hidden_states"], ids, weights, expert) + layer["bias"]


def choose(layer):
    """logits, scores and the k best experts of each token"""
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    return logits, scores, topk(scores, K)


def losses(logits, scores, ids):
    return {"aux_loss": scalar(0.01 * balance_loss(scores, ids, E) / K),
            "z_loss": scalar(0.001 * z_loss(logits))}


def forward(layer):
    logits, scores, ids = choose(layer)
    weights = take(scores, ids)
    weights = weights / np.sqrt(np.sum(weights**2, axis=1, keepdims=True))
    return results(run(layer, ids, weights), ids, weights, **losses(logits, scores, ids))


def draw(rng, case, tokens):
    layer = tokens_and_router(rng, case, tokens, E, M)
    layer |= mlp_weights(rng, "experts", M, F, E)
    layer["experts.down.weight"] = layer["experts.down.weight"].swapaxes(1, 2)
    return layer | {"bias": normal(rng, M)}


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 25, "ties": 18, "empty": 20, "flood": 15, "t0": 0})
