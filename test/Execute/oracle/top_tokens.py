"""moe.top_tokens: as many tokens as there is room for, by descending score."""

import numpy as np
from order import awkward, best_first, unchosen


def choose(scores, capacity, tie="lowest"):
    tokens, experts = scores.shape
    indices = unchosen(tokens, experts)
    for e in range(experts):
        for t in best_first(scores[:, e], tie)[:capacity]:
            indices[t, e] = e
    return indices


def cases():
    rng = np.random.default_rng(2)
    for case, tokens in (("plain", 37), ("t3", 3), ("t1", 1), ("t0", 0)):
        scores = awkward(rng, tokens, 5)
        yield case, {"scores": scores}, {
            "lowest": choose(scores, 4),
            "highest": choose(scores, 4, "highest"),
            "none": choose(scores, 0),
        }
