"""moe.sequential_top_k: rivals of negative, zero and equal logits, -inf and NaN."""

import numpy as np
from order import best_first

E, K, GAP = 5, 3, 0.25


def choose(logits):
    indices = np.zeros(K, np.int32)
    weights = np.zeros(K)
    left = list(range(E))
    for j in range(K):
        c = left[best_first(logits[left])[0]]
        m = logits[c]
        with np.errstate(invalid="ignore"):
            far = [(m - logits[i]) / np.maximum(abs(logits[i]), m) > GAP for i in left]
            rivals = [i for i, too_far in zip(left, far) if i == c or not too_far]
            parts = np.exp(logits[rivals] - m)
            weights[j] = np.exp(m - m) / parts.sum()
        indices[j] = c
        left.remove(c)
    return indices, weights


ROWS = [
    [0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, -0.0, -1.0, 0.0, -2.0],
    [4.0, 3.5, 3.0, 4.0, 1.0],
    [-4.0, -4.5, -3.5, -8.0, -4.0],
    [1.0, -1.0, 0.5, 0.875, 2.0],
    [2.0, -np.inf, 1.75, -np.inf, 0.0],
    [-np.inf, -np.inf, -np.inf, 3.0, -np.inf],
    [1.0, np.nan, 2.0, 1.75, -1.0],
]


def cases():
    for case, logits in (("plain", np.array(ROWS)), ("t0", np.zeros((0, E)))):
        chosen = [choose(row) for row in logits]
        yield case, {"logits": logits}, {
            "indices": np.array([i for i, _ in chosen], np.int32).reshape(-1, K),
            "weights": np.array([w for _, w in chosen]).reshape(-1, K),
        }
