"""moe.update_bias: counts above, below and at the mean."""

import numpy as np


def cases():
    rng = np.random.default_rng(14)
    for case, counts in (("plain", [3, 4, 5, 4, 9, 0, 3]), ("equal", [7, 7, 7]), ("one", [5])):
        counts = np.array(counts, np.int32)
        bias = rng.integers(-8, 9, len(counts)) / 16
        updated = bias + 0.125 * np.sign(np.mean(counts) - counts)
        yield case, {"bias": bias, "counts": counts}, {"updated": updated}
