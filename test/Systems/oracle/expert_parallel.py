"""One shard of an expert-parallel layer (as DeepSeek-V3's inference code runs it): the router knows
all E experts, this device holds the L experts from `first` on.

  l = x router^T, s = softmax(l) over all E; choose the k largest s;  w_c = s_c / sum of the chosen
  y = sum of w_c f_c(x) over the choices with first <= id < first + L
  f(x) = down (silu(gate x) * up x)

Choices of experts elsewhere contribute nothing; a token without a local choice gives 0. The sum
of y over all devices is the layer's result. topk_ids and topk_weights are those before the split.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [L,F,M]
         experts.down.weight [L,M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import numpy as np
from common import clear_order, combine, linear, mlp_of, silu, softmax, take, topk
from draws import mlp_weights, tokens_and_router
from language_model import find_cases, results

NAME = "expert-parallel"
E, K, M, F = 12, 3, 10, 6
FIRST, LOCAL = 5, 4


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    weights = weights / weights.sum(axis=1, keepdims=True)
    local = np.where((ids >= FIRST) & (ids < FIRST + LOCAL), ids - FIRST, -1)
    y = combine(layer["hidden_states"], local, weights, mlp_of(layer, "experts", silu))
    return results(y, ids, weights)


def draw(rng, case, tokens):
    layer = tokens_and_router(rng, case, tokens, E, M)
    return layer | mlp_weights(rng, "experts", M, F, LOCAL, gate=True)


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 22, "ties": 16, "empty": 18, "flood": 13, "t0": 0, "t1": 1})
