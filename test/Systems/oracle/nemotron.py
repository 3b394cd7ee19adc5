"""Nemotron 3 Nano (Hugging Face models/nemotron_h; E 128, k 6, one shared expert, M 2688).

  l = x router^T in f32, s = sigmoid(l); choose the k largest s + router.bias (one group)
  w_c = 2.5 * (s_c / (sum of the chosen s + 1e-20)), s without the bias
  y = sum_c w_c f_c(x) + shared(x)      f(x) = down (relu(up x)^2)

The experts have no gate; their activation is the squared ReLU. The shared expert has the same
form and is wider. No capacity.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.up.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.up.weight [S,M]  shared.down.weight [M,S]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, linear, relu, sigmoid, take, topk
from language_model import (choice_bias, find_cases, random_layer, results, run_experts,
                            run_shared)

NAME = "nemotron"
E, K, M, F, S = 11, 4, 9, 7, 13
SCALE = 2.5


def relu_squared(x):
    return relu(x) ** 2


def forward(layer):
    scores = sigmoid(linear(layer["hidden_states"], layer["router.weight"]))
    keys = scores + layer["router.bias"]
    clear_order(keys, gap=1e-5)
    ids = topk(keys, K)
    weights = take(scores, ids)
    weights = SCALE * (weights / (weights.sum(axis=1, keepdims=True) + 1e-20))
    y = run_experts(layer, ids, weights, relu_squared) + run_shared(layer, relu_squared)
    return results(y, ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, shared=S, gate=False)
    return layer | {"router.bias": choice_bias(rng, case, E)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 24, "ties": 14, "empty": 18, "flood": 15})
