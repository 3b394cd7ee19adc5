"""moe.grouped_gemm of weights as checkpoints store them: in tables of one tensor for each
expert, and quantised. Whole numbers times powers of two, so that every sum is exact."""

import numpy as np

from common import E4M3, random_state

LOADS = [3, 0, 11, 1]
ROWS = sum(LOADS)
OUTPUTS, INPUTS = 19, 64
BLOCK = (2, 8, 24)  # experts, outputs, inputs
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6])


def e4m3(values):
    """Bytes of -4 to 4: sign, exponent biased by 7, three bits of mantissa."""
    code = {0: 0, 1: 7 << 3, 2: 8 << 3, 3: 8 << 3 | 4, 4: 9 << 3}
    return np.vectorize(lambda v: code[abs(v)] | (0x80 if v < 0 else 0))(values).astype(np.uint8)


def cases():
    rng = random_state("grouped-gemm-stored")
    experts = len(LOADS)
    x = rng.randint(-4, 5, (ROWS, INPUTS)).astype(np.float64)
    expert = np.repeat(np.arange(experts), LOADS)

    def product(weights, bias=0):
        return np.array([weights[e] @ row for e, row in zip(expert, x)]) + bias

    def powers(*shape):
        return 2.0 ** rng.randint(-1, 2, shape)

    weights = rng.randint(-4, 5, (experts, OUTPUTS, INPUTS))
    bias = rng.randint(-4, 5, (experts, OUTPUTS)).astype(np.float64)
    scales = powers(*(-(-dim // size) for dim, size in zip(weights.shape, BLOCK)))
    spread = scales
    for axis, size in enumerate(BLOCK):
        spread = np.repeat(spread, size, axis).take(range(weights.shape[axis]), axis)

    codes = rng.randint(0, 16, weights.shape)
    packed = (codes[..., 0::2] | codes[..., 1::2] << 4).astype(np.uint8)
    packed = packed.reshape(experts, OUTPUTS, INPUTS // 32, 16)
    exponents = rng.randint(126, 129, (experts, OUTPUTS, INPUTS // 32))
    mxfp4 = E2M1[codes] * np.repeat(2.0 ** (exponents - 127), 32, axis=-1)

    inputs = {"x": x, "offsets": np.cumsum([0] + LOADS).astype(np.int32),
              "fp8": e4m3(weights).view(E4M3), "scales": scales,
              "fp8_in_out": np.ascontiguousarray(e4m3(weights).transpose(0, 2, 1)).view(E4M3),
              "scales_in_out": scales.transpose(0, 2, 1),
              "mxfp4": packed, "mxfp4_scales": exponents.astype(np.uint8)}
    for e in range(experts):
        inputs[f"table.{e}"] = weights[e].astype(np.float64)
        inputs[f"bias.{e}"] = bias[e]
    yield "all", inputs, {"table": product(weights, bias[expert]),
                          "block": product(weights * spread),
                          "block_in_out": product(weights * spread), "mxfp4": product(mxfp4)}
