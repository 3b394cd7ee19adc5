"""MegaBlocks' MoE with a capacity factor (one device). Like megablocks-dmoe, but

  w_c = s_c, not normalised
  C = trunc(1.0 * k T / E); if that is 0, the largest number of choices an expert has: no drop
  choices are served in the order of token_major: all choices of the first token, then of the
      second, and so on; an expert keeps its first C, the others are dropped
  y = sum of w_c f_c(x) over the kept choices + bias

The losses count the choices before any is dropped. topk_ids and slots are -1 and topk_weights is
0 for a dropped choice.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.up.weight [E,F,M]
         experts.down.weight [E,F,M]  bias [M]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]  slots [T,k] i32
         capacity [] i64  aux_loss []  z_loss []
"""

import megablocks_dmoe
from common import assign_slots, capacity_tensor, counts, take
from language_model import find_cases, results
from megablocks_dmoe import E, K

NAME = "megablocks-capacity"


def forward(layer):
    logits, scores, ids = megablocks_dmoe.choose(layer)
    capacity = int(1.0 * K * len(ids) / E) or counts(ids, E).max()
    kept, slots = assign_slots(ids, capacity, E, order="token_major")
    weights = take(scores, kept)
    return results(megablocks_dmoe.run(layer, kept, weights), kept, weights, slots=slots,
                   capacity=capacity_tensor(capacity),
                   **megablocks_dmoe.losses(logits, scores, ids))


def cases():
    return find_cases(NAME, megablocks_dmoe.draw, forward,
                      {"plain": 27, "drops": 32, "ties": 19, "empty": 16, "flood": 18, "few": 2,
                       "t0": 0})
