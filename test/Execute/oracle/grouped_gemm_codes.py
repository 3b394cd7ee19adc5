"""moe.grouped_gemm of quantised weights of which each column has one that is not zero: the
results are the weights, for every code of every format, with scales of any size."""

import numpy as np

from common import E4M3, E5M2, random_state

CODES = np.arange(256)
MXFP4_SCALES = [0, 1, 2, 3, 60, 126, 127, 128, 129, 251, 252, 253, 254, 255]
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
INPUTS = 32


def decode(codes, exponent_bits, fraction_bits, has_infinity):
    """The numbers of a format with one bit of sign."""
    bias = 2 ** (exponent_bits - 1) - 1
    exponents = codes >> fraction_bits & 2 ** exponent_bits - 1
    fractions = (codes & 2 ** fraction_bits - 1) / 2 ** fraction_bits
    values = np.where(exponents == 0, fractions * 2.0 ** (1 - bias),
                      (1 + fractions) * 2.0 ** (exponents - bias))
    if has_infinity:
        last = exponents == 2 ** exponent_bits - 1
        values = np.where(last, np.where(fractions == 0, np.inf, np.nan), values)
    else:
        values = np.where((codes & 0x7f) == 0x7f, np.nan, values)
    return np.where(codes & 0x80, -values, values)


def round_bf16(values):
    bits = np.asarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000).astype(np.uint32)
    return np.where(np.isnan(values), np.nan, rounded.view(np.float32))


def scaled(values, scales):
    """One multiplication in f32, then bf16."""
    with np.errstate(all="ignore"):
        return round_bf16(values.astype(np.float32) * scales.astype(np.float32))


def place(codes):
    """Each code in a column of its own, the inputs in turn; zeros elsewhere."""
    columns = len(codes)
    placed = np.zeros((1, columns, INPUTS), dtype=np.uint8)
    placed[0, np.arange(columns), np.arange(columns) % INPUTS] = codes
    return placed


def cases():
    rng = random_state("grouped-gemm-codes")
    # The scale of what is zero must be finite.
    scales = (rng.uniform(1, 2, 256) * 2.0 ** rng.randint(-100, 100, 256)).astype(np.float32)
    scales *= rng.choice([-1, 1], 256)
    e4m3, e5m2 = decode(CODES, 4, 3, False), decode(CODES, 5, 2, True)
    i8 = CODES.astype(np.uint8).view(np.int8)

    nibbles, exponents = np.meshgrid(np.arange(16), MXFP4_SCALES, indexing="ij")
    nibbles, exponents = nibbles.ravel(), exponents.ravel()
    halves = place(nibbles)
    packed = (halves[..., 0::2] | halves[..., 1::2] << 4).reshape(1, -1, 1, 16)
    powers = np.where(exponents == 255, np.nan, 2.0 ** (exponents.astype(float) - 127))
    with np.errstate(all="ignore"):
        mxfp4 = (E2M1[nibbles] * powers).astype(np.float32)

    blocks = np.repeat(scales[::8], 8)
    inputs = {"x": np.ones((1, INPUTS)), "offsets": np.array([0, 1], dtype=np.int32),
              "e4m3": place(CODES).view(E4M3), "e5m2": place(CODES).view(E5M2),
              "i8": place(CODES).view(np.int8),
              "e4m3_in_out": np.ascontiguousarray(place(CODES).transpose(0, 2, 1)).view(E4M3),
              "i8_in_out": np.ascontiguousarray(place(CODES).transpose(0, 2, 1)).view(np.int8),
              "scales": scales.reshape(1, 256, 1), "scales_in_out": scales.reshape(1, 1, 256),
              "block_scales": scales[::8].reshape(1, 32, 1),
              "block_scales_in_out": scales[::8].reshape(1, 1, 32),
              "mxfp4": packed, "mxfp4_scales": exponents.astype(np.uint8).reshape(1, -1, 1)}
    yield "all", inputs, {"e4m3": [scaled(e4m3, blocks)], "e5m2": [scaled(e5m2, blocks)],
                          "i8": [scaled(i8, scales)], "e4m3_in_out": [scaled(e4m3, blocks)],
                          "i8_in_out": [scaled(i8, scales)], "mxfp4": [mxfp4]}
