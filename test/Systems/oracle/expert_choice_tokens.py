"""Expert Choice as in Mesh TensorFlow (transformer/moe.py, "expert_selection"): the softmax runs
over the tokens.

  l = x router^T in f32, s = softmax(l) over the TOKENS of each expert
  C = max(min(T, trunc(1.25 T / E)), 4) slots, at most T of them taken
  expert e takes the C tokens with the largest s[t,e]
  w[t,e] = s[t,e] / max(1, number of experts that took t)
  y[t] = sum of w[t,e] f_e(x[t]) over the experts that took t; 0 if none did

f(x) = down (relu(up x)). Results as in expert-choice: topk_ids[t,e] is e or -1.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.up.weight [E,F,M]
         experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,E] i32  topk_weights [T,E]  capacity [] i64
"""

import numpy as np
from common import capacity_tensor, linear, relu, softmax, take
from expert_choice import E, draw, top_tokens
from language_model import find_cases, results, run_experts

NAME = "expert-choice-tokens"


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    tokens = len(logits)
    scores = softmax(logits, axis=0)
    capacity = max(min(tokens, int(1.25 * tokens / E)), 4)
    ids = top_tokens(scores, capacity)
    takers = np.maximum(np.sum(ids >= 0, axis=1, keepdims=True), 1)
    weights = take(scores, ids) / takers
    return results(run_experts(layer, ids, weights, relu), ids, weights,
                   capacity=capacity_tensor(capacity))


def cases():
    return find_cases(NAME, draw, forward, {"plain": 29, "ties": 26, "t1": 1})
