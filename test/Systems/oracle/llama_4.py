"""Llama 4 (Meta's llama-models and Hugging Face models/llama4; Scout E 16, Maverick E 128, k 1,
F 8192, M 5120).

  l = x router^T; choose the largest logit;  w = sigmoid(that logit)
  y = f_e(w * x) + shared(x)      f and shared are down (silu(gate x) * up x)

The weight multiplies the INPUT of the expert, and its result is taken as it is: f(w x) is not
w f(x). No normalisation, no capacity, no bias.

inputs   hidden_states [T,M]  router.weight [E,M]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
results  hidden_states [T,M]  topk_ids [T,1] i32  topk_weights [T,1]
"""

import numpy as np
from common import clear_order, combine, linear, mlp_of, sigmoid, silu, take, topk
from language_model import find_cases, random_layer, results, run_shared

NAME = "llama-4"
E, M, F = 7, 10, 6


def forward(layer):
    x = layer["hidden_states"]
    logits = linear(x, layer["router.weight"])
    clear_order(logits)
    ids = topk(logits, 1)
    weights = sigmoid(take(logits, ids))
    y = combine(weights * x, ids, np.ones_like(weights), mlp_of(layer, "experts", silu))
    return results(y + run_shared(layer), ids, weights)


def cases():
    return find_cases(NAME, lambda rng, case, n: random_layer(rng, case, n, E, M, F, shared=F),
                      forward)
