"""What DeepSeek-V3 adds to its router in training: the sequence-wise balance loss and the bias
update without a loss. Routing and experts are those of deepseek-v3, the batch is two sequences
of T/2 tokens each.

  n[t,e] = s[t,e] / (sum_e s[t,e] + 1e-20)
  aux_loss = 1e-4 * mean over the sequences of sum_e f_e P_e, with L tokens in a sequence
             f_e = E / (k L) * (choices of e in the sequence), P_e = mean_t n[t,e]
  updated_bias[e] = router.bias[e] + 1e-3 * sign(mean of the counts - counts[e]),
             counts[e] = choices of e in the whole batch, sign(0) = 0

inputs   hidden_states [T,M]  router.weight [E,M]  router.bias [E]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
         shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]  aux_loss []  updated_bias [E]
"""

import deepseek_v3
import numpy as np
from common import balance_loss, counts, linear, scalar, sigmoid
from deepseek_v3 import E, K
from language_model import find_cases

NAME = "deepseek-v3-train"
SEQUENCES, ALPHA, RATE = 2, 1e-4, 1e-3


def forward(layer):
    outputs = deepseek_v3.forward(layer)
    ids = outputs["topk_ids"]
    scores = sigmoid(linear(layer["hidden_states"], layer["router.weight"]))
    share = scores / (scores.sum(axis=1, keepdims=True) + 1e-20)
    losses = [balance_loss(s, i, E) / K
              for s, i in zip(np.split(share, SEQUENCES), np.split(ids, SEQUENCES))]
    load = counts(ids, E)
    updated = layer["router.bias"] + RATE * np.sign(load.mean() - load)
    return outputs | {"aux_loss": scalar(ALPHA * np.mean(losses)), "updated_bias": updated}


def cases():
    return find_cases(NAME, deepseek_v3.draw, forward, {"plain": 24, "flood": 18})
