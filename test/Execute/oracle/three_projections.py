"""moe.grouped_gemm with three weights, of which the last two are laid out alike: whole numbers, so
that every sum is exact."""

import numpy as np

from common import random_state


def cases():
    for case, rows in (("few", 3), ("many", 9), ("t0", 0)):
        rng = random_state("three-projections", case)

        def whole(*shape):
            return rng.randint(-4, 5, shape).astype(np.float32)

        x, a, b, c = whole(rows, 19), whole(19, 21), whole(21, 19), whole(21, 19)
        yield case, {"x": x, "a": a, "b": b, "c": c}, {"y": (x @ a) * (x @ b.T) + x @ c.T}
