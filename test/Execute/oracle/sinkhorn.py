"""moe.sinkhorn: to the tolerance, and cut off."""

import numpy as np


def keys(logits, tolerance, max_iterations):
    tokens, experts = logits.shape
    c = np.exp(logits)
    d1 = np.ones(experts)
    for _ in range(max_iterations):
        d0 = (1 / tokens) / ((d1 * c).sum(1) + 1e-8) if tokens else np.zeros(0)
        last, d1 = d1, (1 / experts) / ((d0[:, None] * c).sum(0) + 1e-8)
        if np.abs(d1 - last).mean() <= tolerance:
            break
    return d1 * c * d0[:, None]


def cases():
    rng = np.random.default_rng(3)
    for case, tokens in (("plain", 12), ("t1", 1), ("t0", 0)):
        logits = rng.integers(-16, 17, (tokens, 4)) / 8
        yield case, {"logits": logits}, {
            "keys": keys(logits, 1e-4, 1000),
            "cut": keys(logits, 1e-9, 2),
        }
