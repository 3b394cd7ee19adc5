"""Expert Choice (the paper; flaxformer's ExpertsChooseMaskedRouter): experts choose tokens.

  l = x router^T, s = softmax(l) over the EXPERTS, in f32
  C = round(1.5 T / E), halves to even: a token is chosen 1.5 times on average
  expert e takes the C tokens with the largest s[t,e], the lower token on a tie
  y[t] = sum of s[t,e] f_e(x[t]) over the experts that took t; 0 if none did

f(x) = down (relu(up x)). The weights of a token are neither normalised nor do they sum to one,
and there is no balance loss. The choice depends on all tokens, also on later ones.

Results in the form of E choices per token: topk_ids[t,e] is e if e took t, else -1, and
topk_weights[t,e] is s[t,e] or 0.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.up.weight [E,F,M]
         experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,E] i32  topk_weights [T,E]  capacity [] i64
"""

import numpy as np
from common import capacity_tensor, clear_order, linear, relu, softmax, take
from language_model import find_cases, random_layer, results, run_experts

NAME = "expert-choice"
E, M, F, FACTOR = 6, 10, 9, 1.5


def top_tokens(scores, capacity, tie="lowest"):
    """ids[t,e] is e if t is among the best `capacity` tokens of e, else -1."""
    clear_order(scores.T, relative=True)
    if tie == "highest":
        return top_tokens(scores[::-1], capacity)[::-1]
    ids = np.full(scores.shape, -1, dtype=np.int32)
    for e in range(scores.shape[1]):
        ids[np.argsort(-scores[:, e], kind="stable")[:capacity], e] = e
    return ids


def forward(layer):
    scores = softmax(linear(layer["hidden_states"], layer["router.weight"]))
    capacity = round(FACTOR * len(scores) / E)
    ids = top_tokens(scores, capacity)
    weights = take(scores, ids)
    return results(run_experts(layer, ids, weights, relu), ids, weights,
                   capacity=capacity_tensor(capacity))


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, gate=False)
    if case == "ties":  # repeated tokens have equal scores for every expert
        layer["hidden_states"][tokens // 2:] = layer["hidden_states"][:tokens - tokens // 2]
    return layer


def cases():
    # 10 tokens: 2.5 rounds to 2; 22: 5.5 rounds to 6.
    return find_cases(NAME, draw, forward,
                      {"plain": 31, "half": 10, "ties": 22, "t0": 0, "t1": 1})
