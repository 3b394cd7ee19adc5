"""Functions in the epilogue of moe.grouped_gemm: near zero, large, infinite and NaN.

The only weight is 1, so that the epilogue gets the rows. Each case has numbers of one
size, or large errors of small results would go unnoticed next to large results.
"""

import numpy as np

from common import erf, f32

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3e38, -3e38, 88.5, 89.0, -88.0,
           -104.0, 20.0, -20.0, 9.0, -9.0, 4.0, -4.0]


def outputs(x):
    with np.errstate(all="ignore"):
        silu = x / (1 + np.exp(-x))
        silu[x == -np.inf] = np.nan  # as the model's own code has it: -inf * 0
        # What is too large for the file's f32 is infinite there.
        return {"exp": f32(np.exp(x)), "tanh": np.tanh(x), "erf": erf(x), "silu": silu}


def cases():
    for case, x in (("tiny", np.linspace(-1e-3, 1e-3, 41)), ("plain", np.linspace(-3, 3, 61)),
                    ("negative", np.linspace(-9, -4, 26)), ("large", np.linspace(3, 30, 28)),
                    ("special", np.array(SPECIAL))):
        x = f32(x)[:, None]
        yield case, {"x": x, "one": np.ones((1, 1))}, outputs(x)
