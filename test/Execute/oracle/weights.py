"""moe.gather_weights and normalize_weights: no expert, sums of zero, small norms."""

import numpy as np

K = 3


def divide(weights, norms):
    norms = norms[:, None]
    return np.where(norms == 0, 0.0, weights / np.where(norms == 0, 1.0, norms))


def cases():
    rng = np.random.default_rng(7)
    for case, tokens in (("plain", 20), ("t0", 0)):
        scores = rng.integers(-16, 17, (tokens, 4)) / 8
        indices = rng.integers(-1, 5, (tokens, K)).astype(np.int32)
        gathered = np.zeros((tokens, K))
        for t, c in np.argwhere((indices >= 0) & (indices < 4)):
            gathered[t, c] = scores[t, indices[t, c]]

        weights = rng.integers(-16, 17, (tokens, K)) / 8
        weights[:2] = np.array([[0, 0, 0], [1, -3, 2]])[:tokens]
        sums = weights.sum(1)
        roots = np.sqrt((weights ** 2).sum(1))
        cubic = (np.abs(weights) ** 3).sum(1) ** (1 / 3)
        inputs = {"scores": scores, "indices": indices, "weights": weights}
        yield case, inputs, {
            "gathered": gathered,
            "scaled": 2.5 * weights,
            "sum": divide(weights, sums),
            "sum_clamped": divide(weights, np.maximum(sums, 0.25)),
            "norm": 2.5 * divide(weights, roots),
            "norm_added": divide(weights, roots + 1e-3),
            "cubic": divide(weights, cubic),
        }
