"""moe.assign_balanced: the best of all assignments, by trying every one."""

from itertools import product

import numpy as np

E = 3


def best_assignment(scores):
    """The best one, or None if another is nearly as good."""
    tokens = len(scores)
    totals = {}
    for experts in product(range(E), repeat=tokens):
        if max(np.bincount(experts, minlength=E)) <= -(-tokens // E):
            totals[experts] = scores[np.arange(tokens), list(experts)].sum()
    first, *others = sorted(totals, key=totals.get, reverse=True)
    if others and totals[first] - totals[others[0]] < 1e-2:
        return None
    return np.array(first, np.int32).reshape(tokens, 1)


def cases():
    rng = np.random.default_rng(6)
    # All tokens like expert 2 best in case `flood`.
    for case, tokens, slope in (("plain", 8, 0), ("even", 9, 0), ("flood", 7, 4),
                                ("t2", 2, 0), ("t1", 1, 0)):
        expected = None
        while expected is None:
            scores = rng.integers(-256, 257, (tokens, E)) / 128 + slope * np.arange(E)
            expected = best_assignment(scores)
        yield case, {"scores": scores}, {"indices": expected}
    yield "t0", {"scores": np.zeros((0, E))}, {"indices": np.zeros((0, 1), np.int32)}
