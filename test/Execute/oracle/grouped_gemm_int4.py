"""moe.grouped_gemm of weights of four bits. The inputs of each expert are the rows of the unit
matrix, so that the results are the weights: every code with every zero point, in all layouts."""

import numpy as np

from common import bf16, bf16_bytes, random_state
from nibbles import EVEN_FIRST, pack, spread

EXPERTS, OUTPUTS, INPUTS = 2, 40, 72


def draw_scales(rng, shape, exponents, mantissa_bits):
    """Both signs, sizes 2^-exponents to 2^exponents, exact with so many bits."""
    mantissas = rng.randint(2**mantissa_bits, 2 ** (mantissa_bits + 1), shape) / 2.0**mantissa_bits
    return mantissas * 2.0 ** rng.randint(-exponents, exponents, shape) * rng.choice([-1, 1], shape)


def round_to(values, dtype):
    if dtype == "bf16":
        return bf16(values.astype(np.float32))
    return values.astype(np.float32).astype(dtype).astype(np.float64)


def cases():
    rng = random_state("grouped-gemm-int4")
    e, n, k = np.meshgrid(*map(np.arange, (EXPERTS, OUTPUTS, INPUTS)), indexing="ij")
    codes = (k + n + 5 * e) % 16
    inputs = {"x": np.tile(np.eye(INPUTS), (EXPERTS, 1)),
              "offsets": np.array([0, INPUTS, EXPERTS * INPUTS], dtype=np.int32)}
    outputs = {}

    def add(name, group, exponents, bits, stored, rounded, zeros_of=None):
        """Scales [E, N, groups], and zero points from all that there are."""
        groups = -(-INPUTS // group)
        scales = draw_scales(rng, (EXPERTS, OUTPUTS, groups), exponents, bits)
        at = np.meshgrid(*map(np.arange, scales.shape), indexing="ij")
        zeros = np.full(scales.shape, 8) if zeros_of is None else zeros_of(*at) % 16
        whole = [spread(v, 2, group, INPUTS) for v in (scales, zeros)]
        exact = (codes - whole[1]).astype(np.float32) * whole[0].astype(np.float32)
        outputs[name] = round_to(exact, rounded).transpose(0, 2, 1).reshape(-1, OUTPUTS)
        file_scales = bf16_bytes(scales) if stored == "bf16" else scales.astype(stored)
        return file_scales, zeros

    def in_out(array):
        return np.ascontiguousarray(array.transpose(0, 2, 1))

    def each_zero(e, n, g):
        return n + 3 * g + 7 * e

    # compressed-tensors: along the inputs, zero points along the outputs.
    inputs["symmetric"] = inputs["asymmetric"] = pack(codes, 2)
    inputs["symmetric_scales"], _ = add("symmetric", 32, 60, 7, "bf16", "bf16")
    inputs["asymmetric_scales"], zeros = add("asymmetric", 32, 4, 10, "f2", "f2", each_zero)
    inputs["asymmetric_zeros"] = pack(zeros, 1)
    # Bytes; groups that are shorter than a vector.
    inputs["bytes"] = pack(codes, 2, word=np.uint8)
    inputs["bytes_scales"], zeros = add("bytes", 8, 60, 23, "f4", "f4", each_zero)
    inputs["bytes_zeros"] = pack(zeros, 1, word=np.uint8)
    # GPTQ: zero points less one, packed along the outputs.
    inputs["gptq"] = pack(in_out(codes), 1)
    scales, zeros = add("gptq", 32, 4, 10, "f2", "f4", each_zero)
    inputs["gptq_scales"] = in_out(scales)
    inputs["gptq_zeros"] = pack(in_out((zeros - 1) % 16), 2)
    # AWQ: along the outputs, the even ones first.
    inputs["awq"] = pack(in_out(codes), 2, EVEN_FIRST)
    scales, zeros = add("awq", 64, 4, 10, "f2", "f2", each_zero)
    inputs["awq_scales"] = in_out(scales)
    inputs["awq_zeros"] = pack(in_out(zeros), 2, EVEN_FIRST)
    yield "all", inputs, outputs
