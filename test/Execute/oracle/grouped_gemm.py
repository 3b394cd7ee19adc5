"""moe.grouped_gemm: whole numbers, so that every sum is exact in any order and type.

The experts of `few` have 0 to 6 rows, those of `many` 7 to 11, 25 and none; `even` has an
even number of inputs.
"""

import numpy as np

from common import random_state

OUTPUTS = 21


def make(case, loads, depth):
    rng = random_state("grouped-gemm", case)
    rows = sum(loads)

    def whole(*shape, most=4):
        return rng.randint(-most, most + 1, shape).astype(np.int8)

    sources = rng.randint(-1, max(rows, 1), rows).astype(np.int32)
    if rows:
        sources[[0, -1]] = -1, rows - 1
    return {
        "x": whole(rows, depth),
        "offsets": np.cumsum([0] + loads).astype(np.int32),
        "sources": sources,
        "one_offsets": np.array([0, rows], dtype=np.int32),
        "w": whole(len(loads), 2 * OUTPUTS, depth),
        "one": whole(1, depth, 2 * OUTPUTS - 1),
        "bias": whole(len(loads), OUTPUTS),
        "row_weights": rng.choice(np.array([-1, 1, 2], dtype=np.int8), rows),
    }


def reference(tensors):
    x, sources = tensors["x"].astype(np.float64), tensors["sources"]
    padded = np.concatenate([x, np.zeros((1, x.shape[1]))])
    rows = padded[sources]  # -1 is the row of zeros
    load = np.diff(tensors["offsets"])
    expert = np.repeat(np.arange(len(load)), load)
    weights = tensors["w"].astype(np.float64)
    all_outputs = np.array([weights[e] @ row for e, row in zip(expert, rows)])
    all_outputs = all_outputs.reshape(len(rows), 2 * OUTPUTS)
    row_weights = tensors["row_weights"].astype(np.float64)[:, None]
    bias = tensors["bias"].astype(np.float64)[expert]

    def gated(up, gate):
        return (up + bias) * gate * row_weights

    interleaved = gated(all_outputs[:, 1::2], all_outputs[:, 0::2])
    halves = gated(all_outputs[:, OUTPUTS:], all_outputs[:, :OUTPUTS])
    return {
        "interleaved_out_in": interleaved, "interleaved_in_out": interleaved,
        "halves_out_in": halves, "halves_in_out": halves,
        "odd_outputs": rows @ tensors["one"][0, :, ::2].astype(np.float64),
        "plain_out_in": x @ weights[-1].T, "plain_in_out": x @ weights[-1].T,
    }


def cases():
    for case, loads, depth in (("few", [0, 1, 2, 3, 4, 5, 6], 37),
                               ("many", [7, 8, 9, 10, 11, 25, 0], 37),
                               ("even", [1, 0, 13, 2, 7, 0, 4], 38),
                               ("t0", [0] * 7, 37)):
        tensors = make(case, loads, depth)
        outputs = reference(tensors)
        tensors["w_in_out"] = tensors["w"].transpose(0, 2, 1)
        tensors["last"], tensors["last_in_out"] = tensors["w"][-1], tensors["w_in_out"][-1]
        yield case, tensors, outputs
