"""moe.select, lookup, mask_choices and filter_choices: signs, ranges, thresholds."""

import numpy as np
from order import awkward

K = 3


def cases():
    rng = np.random.default_rng(5)
    table = rng.integers(-1, 4, 7).astype(np.int32)
    for case, tokens in (("plain", 30), ("t0", 0)):
        scores = awkward(rng, tokens, 4)
        ids = rng.integers(-2, 10, tokens).astype(np.int32)
        indices = rng.integers(-1, 4, (tokens, K)).astype(np.int32)
        mask = rng.choice([0.0, -0.0, 1.0, -2.0], tokens)
        weights = rng.integers(0, 9, (tokens, K)) / 8
        threshold = rng.integers(0, 9, tokens) / 8
        experts = np.broadcast_to(np.arange(4, dtype=np.int32), scores.shape)

        def keep(where):
            return np.where(where, indices, np.int32(-1))

        inside = (ids >= 0) & (ids < len(table))
        inputs = {"scores": scores, "table": table, "ids": ids, "indices": indices,
                  "mask": mask, "weights": weights, "threshold": threshold}
        yield case, inputs, {
            "all": experts,
            "positive": np.where(scores > 0, experts, np.int32(-1)),
            "looked_up": np.where(inside, table[np.where(inside, ids, 0)],
                                  np.int32(-1))[:, None],
            "masked": keep(mask[:, None] != 0),
            "later_filtered": keep((np.arange(K) < 1) | (weights > threshold[:, None])),
            "all_filtered": keep(2 * weights > threshold[:, None]),
        }
