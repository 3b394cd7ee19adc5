"""Layers of checkpoints with weights of four bits, under their published names: Mixtral and
Qwen2-MoE, as AWQ, GPTQ and compressed-tensors store them."""

import numpy as np

from common import bf16_bytes, clear_order, combine, linear, mlp, normal, search, sigmoid, silu
from common import softmax, take, topk
from nibbles import ASCENDING, EVEN_FIRST, pack, spread

TOKENS, HIDDEN, INNER, EXPERTS, CHOICES, SHARED = 6, 64, 32, 4, 2, 64


class Kind:
    def __init__(self, group, store, symmetric=False):
        self.group, self.store, self.symmetric = group, store, symmetric


def store_in_out(held, axis, zero_offset=0):
    def store(codes, scales, zeros):
        def transposed(array):
            return np.ascontiguousarray(array.T)

        return {"qweight": pack(transposed(codes), axis, held),
                "scales": transposed(scales).astype("f2"),
                "qzeros": pack(transposed(zeros - zero_offset) % 16, 1, held)}
    return store


def store_compressed(codes, scales, zeros):
    return {"weight_packed": pack(codes, 1), "weight_scale": bf16_bytes(scales),
            "weight_zero_point": pack(zeros, 0), "weight_shape": np.array(codes.shape)}


def store_symmetric(codes, scales, zeros):
    stored = store_compressed(codes, scales, zeros)
    del stored["weight_zero_point"]
    return stored


KINDS = {"awq": Kind(32, store_in_out(EVEN_FIRST, 1)),
         "gptq": Kind(32, store_in_out(ASCENDING, 0, zero_offset=1)),
         "gptq_v2": Kind(None, store_in_out(ASCENDING, 0)),
         "compressed": Kind(32, store_symmetric, symmetric=True),
         "compressed-asymmetric": Kind(16, store_compressed)}


def quantised(rng, kind, out, inputs):
    """What is stored of a random matrix [out, in], and the matrix."""
    group = kind.group or inputs
    codes = rng.randint(0, 16, (out, inputs))
    zeros = rng.randint(0, 16, (out, inputs // group))
    if kind.symmetric:
        zeros[:] = 8
    # Few bits, so that f16 and bf16 hold them.
    scales = rng.randint(64, 128, zeros.shape) / 128.0 / 8 / np.sqrt(inputs)
    scales = scales.astype(np.float32).view(np.uint32) >> 16 << 16
    scales = scales.astype(np.uint32).view(np.float32).astype(np.float64)
    weights = (codes - spread(zeros, 1, group, inputs)) * spread(scales, 1, group, inputs)
    return kind.store(codes, scales, zeros), weights


def build(rng, kind, names, shared):
    """`shared`: whether there is a shared expert, and whether it is quantised."""
    block, parts = names
    x = normal(rng, TOKENS, HIDDEN)
    prefix = "model.layers.0." + block
    files = {prefix + "gate.weight": normal(rng, EXPERTS, HIDDEN, scale=0.5)}
    scores = linear(x, files[prefix + "gate.weight"])
    clear_order(scores)
    ids = topk(scores, CHOICES)
    weights = take(softmax(scores), ids)
    if shared is None:
        weights = weights / weights.sum(axis=-1, keepdims=True)

    def draw_mlp(path, inner, is_quantised=True):
        matrices = []
        for part, shape in zip(parts, ((inner, HIDDEN), (inner, HIDDEN), (HIDDEN, inner))):
            name = f"{prefix}{path}.{part}."
            if is_quantised:
                stored, matrix = quantised(rng, kind, *shape)
            else:
                stored = {"weight": normal(rng, *shape, scale=shape[1] ** -0.5)}
                matrix = stored["weight"]
            files.update({name + key: tensor for key, tensor in stored.items()})
            matrices.append(matrix)
        gate, up, down = matrices
        return lambda rows: mlp(rows, up, down, silu, gate=gate)

    experts = [draw_mlp(f"experts.{e}", INNER) for e in range(EXPERTS)]
    y = combine(x, ids, weights, lambda e, rows: experts[e](rows))
    if shared is not None:
        one = draw_mlp("shared_expert", SHARED, shared == "quantised")
        files[prefix + "shared_expert_gate.weight"] = normal(rng, 1, HIDDEN)
        y = y + sigmoid(linear(x, files[prefix + "shared_expert_gate.weight"])) * one(x)
    return {"hidden_states": x, **files}, {"hidden_states": y, "topk_ids": ids, "topk_weights": weights}


MIXTRAL = ("block_sparse_moe.", ("w1", "w3", "w2"))
QWEN2 = ("mlp.", ("gate_proj", "up_proj", "down_proj"))


def cases():
    for name, kind in KINDS.items():
        yield search("int4-checkpoints", f"mixtral-{name}", lambda rng: build(rng, kind, MIXTRAL, None))
    for name, shared in (("gptq", "quantised"), ("compressed", "plain")):
        yield search("int4-checkpoints", f"qwen2_moe-{name}",
                     lambda rng: build(rng, KINDS[name], QWEN2, shared))
