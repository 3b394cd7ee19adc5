"""Phi-3.5-MoE (its published modelling code, SparseMixer at evaluation; E 16, k 2, F 6400, M 4096).

  l = x router^T. Twice, with the set R of all experts at first:
    m = the largest logit in R, c its expert (lowest on a tie)
    i in R is a rival of c unless (m - l_i) / max(|l_i|, m) > 0.02, which 0 / 0 is not
    the weight of the choice is softmax over c and its rivals, taken at c;  c leaves R
  y = w_1 f_1(x) + w_2 f_2(x)      f(x) = down (silu(gate x) * up x)

The two weights come from different softmaxes and are not normalised: without rivals both are 1.
No capacity. In case `rivals` all logits of a token lie near 4, so that many are within 2 %.

inputs   hidden_states [T,M]  router.weight [E,M]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,2] i32  topk_weights [T,2]
"""

import numpy as np
from common import clear_order, clear_sides, linear, softmax
from language_model import find_cases, random_layer, results, run_experts

NAME = "phi-3.5"
E, M, F = 8, 10, 6
GAP = 0.02


def choose(logits, excluded):
    """One round: expert and weight per token; the experts that left have been `excluded`."""
    left = np.where(excluded, -np.inf, logits)
    chosen = np.argmax(left, axis=1)
    best = np.max(left, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # 0 / 0, which is not above the limit
        gaps = (best - logits) / np.maximum(np.abs(logits), best)
    clear_sides(gaps, GAP, gap=1e-5)
    weights = softmax(np.where(gaps > GAP, -np.inf, left))
    return chosen, weights[np.arange(len(logits)), chosen]


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    first, first_weight = choose(logits, np.zeros(logits.shape, bool))
    second, second_weight = choose(logits, first[:, None] == np.arange(E))
    ids = np.stack([first, second], axis=1).astype(np.int32)
    weights = np.stack([first_weight, second_weight], axis=1)
    return results(run_experts(layer, ids, weights), ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F)
    if case == "rivals":
        layer["hidden_states"][:, 0] = 1.0
        layer["router.weight"] *= 0.0625
        layer["router.weight"][:, 0] = 4.0
    return layer


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 21, "rivals": 29, "ties": 17, "empty": 18, "flood": 11, "t1": 1})
