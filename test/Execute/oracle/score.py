"""moe.score: far from zero, infinite, NaN, and without tokens."""

import numpy as np

LOGITS = [
    [0.0, 1.0, -1.0, 3.0],
    [-20.0, -40.0, 60.0, 100.0],
    [1000.0, -1000.0, 0.0, 999.0],
    [2.0, -np.inf, -np.inf, 1.0],
    [-np.inf, -np.inf, -np.inf, -np.inf],
    [0.0, np.nan, 1.0, 2.0],
]


def softmax(x, axis):
    if x.size == 0:
        return x
    parts = np.exp(x - x.max(axis, keepdims=True))
    return parts / parts.sum(axis, keepdims=True)


def cases():
    # Scores next to much larger ones could be wrong unnoticed: case `small` has no such.
    small = np.linspace(-24.0, -16.0, 12).reshape(3, 4)
    for case, x in (("plain", np.array(LOGITS)), ("small", small),
                    ("t1", np.array(LOGITS[:1])), ("t0", np.zeros((0, 4)))):
        with np.errstate(all="ignore"):
            yield case, {"logits": x}, {
                "softmax": softmax(x, 1),
                "softmax_over_tokens": softmax(x, 0),
                "sigmoid": 1 / (1 + np.exp(-x)),
                "relu": np.maximum(x, 0),
                "sqrt_softplus": np.sqrt(np.logaddexp(0, x)),
            }
