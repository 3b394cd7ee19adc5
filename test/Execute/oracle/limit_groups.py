"""moe.limit_groups: ties between groups, NaN, one group, all groups, with a bias and without."""

import numpy as np
from order import awkward, best_first

E = 6


def limit(scores, groups, keep, top, fill):
    limited = np.full_like(scores, fill)
    for row, result in zip(scores.reshape(-1, groups, E // groups),
                           limited.reshape(-1, groups, E // groups)):
        with np.errstate(invalid="ignore"):
            ranks = [group[best_first(group)[:top]].sum() for group in row]
        for g in best_first(ranks)[:keep]:
            result[g] = row[g]
    return limited


def cases():
    rng = np.random.default_rng(4)
    for case, tokens in (("plain", 24), ("t0", 0)):
        scores = awkward(rng, tokens, E)
        bias = rng.integers(-1, 2, E).astype(float)
        yield case, {"scores": scores, "bias": bias}, {
            "max": limit(scores, 3, 1, 1, -np.inf),
            "sum_top": limit(scores, 3, 2, 2, 0.0),
            "three_groups": limit(scores, 3, 3, 1, 0.0),
            "one_group": limit(scores, 1, 1, 4, 0.0),
            "biased": limit(scores + bias, 3, 1, 2, 0.0),
            "biased_three_groups": limit(scores + bias, 3, 3, 1, -np.inf),
        }
