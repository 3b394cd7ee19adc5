"""moe.top_k: order by key, then index, whatever the keys and exceptions are."""

import numpy as np
from order import awkward, best_first

E, K, EXCEPTIONS = 6, 3, 3


def choose(keys, k, tie="lowest"):
    rows = [best_first(row, tie)[:k] for row in keys]
    return np.array(rows, np.int32).reshape(len(keys), k)


def choose_others(keys, exceptions, k, tie="lowest"):
    rows = [[e for e in best_first(row, tie) if e not in hidden][:k]
            for row, hidden in zip(keys, exceptions)]
    return np.array(rows, np.int32).reshape(len(keys), k)


def cases():
    rng = np.random.default_rng(1)
    for case, tokens in (("plain", 40), ("t1", 1), ("t0", 0)):
        scores = awkward(rng, tokens, E)
        bias = rng.integers(-1, 2, E).astype(float)
        # Some are none, or the same expert twice.
        exceptions = rng.integers(-1, E, (tokens, EXCEPTIONS)).astype(np.int32)
        yield case, {"scores": scores, "bias": bias, "exceptions": exceptions}, {
            "lowest": choose(scores, K),
            "highest": choose(scores, K, "highest"),
            "biased": choose(scores + bias, K),
            "all": choose(scores, E),
            "others": choose_others(scores, exceptions, K),
            "highest_others": choose_others(scores + bias, exceptions, 2, "highest"),
        }
