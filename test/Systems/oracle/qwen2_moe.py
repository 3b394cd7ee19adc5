"""Qwen1.5-MoE and Qwen2-MoE (Hugging Face models/qwen2_moe; A2.7B: E 60, k 4, F 1408, M 2048).

  l = x router^T          s = softmax(l) over all experts
  choose the k largest s  w_c = s_c, NOT normalised (`norm_topk_prob` false)
  y = sum_c w_c f_c(x) + sigmoid(<x, shared_gate>) * shared(x)

f and shared are down (silu(gate x) * up x), shared is wider than an expert, its gate a single
number per token. No capacity, no bias.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]  shared.{gate,up}.weight [S,M]  shared.down.weight [M,S]
         shared_gate.weight [1,M]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, linear, normal, sigmoid, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts, run_shared

NAME = "qwen2-moe"
E, K, M, F, S = 7, 4, 9, 6, 13


def forward(layer):
    x = layer["hidden_states"]
    logits = linear(x, layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    y = run_experts(layer, ids, weights)
    y = y + sigmoid(linear(x, layer["shared_gate.weight"])) * run_shared(layer)
    return results(y, ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, shared=S)
    return layer | {"shared_gate.weight": normal(rng, 1, M, scale=M**-0.5)}


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 23, "ties": 17, "empty": 18, "flood": 14, "t0": 0})
