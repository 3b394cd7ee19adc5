"""The order of keys that all ops share, and keys that try it."""

import numpy as np


def best_first(keys, tie="lowest"):
    """Positions by descending key; NaN above every number, ties by position."""
    sign = 1 if tie == "lowest" else -1

    def place(i):
        return (0, 0, sign * i) if np.isnan(keys[i]) else (1, -keys[i], sign * i)

    return sorted(range(len(keys)), key=place)


def awkward(rng, tokens, experts):
    """Many ties, both zeros and infinities, NaN of either sign."""
    choices = [-2.0, -1.0, -0.0, 0.0, 1.0, 2.0, np.inf, -np.inf, np.nan, -np.nan]
    odds = [0.1, 0.15, 0.15, 0.15, 0.15, 0.1, 0.05, 0.05, 0.05, 0.05]
    return rng.choice(np.array(choices), size=(tokens, experts), p=odds)


def unchosen(tokens, experts):
    return np.full((tokens, experts), -1, np.int32)
