"""moe.top_k: order by key, then index, whatever the keys are."""

import numpy as np
from order import awkward, best_first

E, K = 6, 3


def choose(keys, k, tie="lowest"):
    rows = [best_first(row, tie)[:k] for row in keys]
    return np.array(rows, np.int32).reshape(len(keys), k)


def cases():
    rng = np.random.default_rng(1)
    for case, tokens in (("plain", 40), ("t1", 1), ("t0", 0)):
        scores = awkward(rng, tokens, E)
        bias = rng.integers(-1, 2, E).astype(float)
        yield case, {"scores": scores, "bias": bias}, {
            "lowest": choose(scores, K),
            "highest": choose(scores, K, "highest"),
            "biased": choose(scores + bias, K),
            "all": choose(scores, E),
        }
