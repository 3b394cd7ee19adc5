"""Qwen3-Next (Hugging Face models/qwen3_next; E 512, k 10, F 512, shared 512, M 2048).

  l = x router^T          s = softmax(l) over all experts
  choose the k largest s  w_c = s_c / sum of the chosen s
  y = sum_c w_c f_c(x) + sigmoid(<x, shared_gate>) * shared(x)

f and shared are down (silu(gate x) * up x). Unlike Qwen2-MoE the weights are normalised; unlike
Qwen3-MoE there is a shared expert, behind a gate of its own. No capacity, no bias.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]  shared.{gate,up}.weight [S,M]  shared.down.weight [M,S]
         shared_gate.weight [1,M]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, linear, normal, sigmoid, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts, run_shared

NAME = "qwen3-next"
E, K, M, F, S = 13, 5, 9, 5, 5


def forward(layer):
    x = layer["hidden_states"]
    logits = linear(x, layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, K)
    weights = take(scores, ids)
    weights = weights / weights.sum(axis=1, keepdims=True)
    y = run_experts(layer, ids, weights)
    y = y + sigmoid(linear(x, layer["shared_gate.weight"])) * run_shared(layer)
    return results(y, ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, shared=S)
    return layer | {"shared_gate.weight": normal(rng, 1, M, scale=M**-0.5)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 22, "ties": 15, "empty": 17, "flood": 14})
