"""What the DeepSpeed oracles share: its f32 capacity and its ways to drop.

No oracle itself. DeepSpeed needs at least as many tokens as its least capacity.
"""

import numpy as np
from common import EPS_F32, clear_order, clear_sides, descending, take

def f32_capacity(tokens, num_experts, factor, minimum):
    """ceil((tokens / experts) * factor) with both operations in f32, at least `minimum`."""
    share = np.float32(tokens) / np.float32(num_experts)
    return max(int(np.ceil(share * np.float32(factor))), minimum)


def keep_best(ids, keys, capacity, num_experts, unselected=-np.inf):
    """For each expert the choices among the `capacity` tokens with its largest keys [T, k].
    A token that did not choose the expert competes with the key `unselected`."""
    kept = np.full_like(ids, -1)
    for e in range(num_experts):
        chose = np.any(ids == e, axis=1)
        own = np.sum(np.where(ids == e, keys, 0.0), axis=1)
        clear_order(own[chose])
        clear_sides(own[chose], unselected)
        best = descending(np.where(chose, own, unselected))[:capacity]
        kept[best] = np.where(ids[best] == e, e, kept[best])
    return kept


def weights_after_drop(scores, kept):
    """Scores of the kept choices divided by their sum, which is at least the f32 epsilon."""
    weights = take(scores, kept)
    return weights / np.maximum(np.sum(weights, axis=-1, keepdims=True), EPS_F32)
