"""gpt-oss (OpenAI's gpt-oss and Hugging Face models/gpt_oss; 20B: E 32, 120B: E 128, k 4, M and F
2880).

  l = x router^T + router.bias; choose the 4 largest logits;  w = softmax over these 4
  y = sum_c w_c f_c(x)
  f: h = x gate_up + gate_up.bias; even columns are the gate g, odd ones are u
     g' = min(g, 7), u' = min(max(u, -7), 7)
     f(x) = (g' sigmoid(1.702 g') * (u' + 1)) down + down.bias

The gate is clamped from above only. Matrices are [in, out], as in the Hugging Face checkpoint.
No shared expert, no capacity. The up projection is drawn large, so that every clamp acts.

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.gate_up.weight [E,M,2F]  experts.gate_up.bias [E,2F]
         experts.down.weight [E,F,M]  experts.down.bias [E,M]
results  hidden_states [T,M]  topk_ids [T,4] i32  topk_weights [T,4]
"""

import numpy as np
from common import clear_order, combine, linear, normal, sigmoid, softmax, take, topk
from draws import tokens_and_router
from language_model import choice_bias, find_cases, results

NAME = "gpt-oss"
E, K, M, F = 7, 4, 10, 6
ALPHA, LIMIT = 1.702, 7.0


def activate(h):
    gate, up = np.minimum(h[:, 0::2], LIMIT), np.clip(h[:, 1::2], -LIMIT, LIMIT)
    return gate * sigmoid(ALPHA * gate) * (up + 1.0)


def forward_with(layer, gate_up, down):
    """The layer with expert matrices gate_up [E,2F,M] and down [E,M,F]."""
    x = layer["hidden_states"]
    logits = linear(x, layer["router.weight"], layer["router.bias"])
    clear_order(logits)
    ids = topk(logits, K)
    weights = softmax(take(logits, ids))

    def expert(e, rows):
        h = activate(linear(rows, gate_up[e], layer["experts.gate_up.bias"][e]))
        return linear(h, down[e], layer["experts.down.bias"][e])

    return results(combine(x, ids, weights, expert), ids, weights)


def forward(layer):
    return forward_with(layer, layer["experts.gate_up.weight"].swapaxes(1, 2),
                        layer["experts.down.weight"].swapaxes(1, 2))


def draw(rng, case, tokens):
    return tokens_and_router(rng, case, tokens, E, M) | {
        "router.bias": choice_bias(rng, case, E),
        "experts.gate_up.weight": normal(rng, E, M, 2 * F, scale=6.0 * M**-0.5),
        "experts.gate_up.bias": normal(rng, E, 2 * F),
        "experts.down.weight": normal(rng, E, F, M, scale=F**-0.5),
        "experts.down.bias": normal(rng, E, M)}


def cases():
    return find_cases(NAME, draw, forward)
