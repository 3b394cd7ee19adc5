"""moe.grouped_gemm in sizes that matrix instructions of GPUs take: whole numbers, so that every
sum is exact in any order. Tiles of 64 and 128 rows are met, exceeded and missed."""

import numpy as np

from common import random_state

EXPERTS, OUTPUTS, INPUTS = 7, 40, 136
LOADS = {"few": [0, 1, 2, 3, 4, 5, 6], "many": [70, 0, 130, 1, 64, 128, 3],
         "flood": [0, 0, 300, 0, 0, 0, 0], "t0": [0] * EXPERTS}


def cases():
    for case, loads in LOADS.items():
        rng = random_state("warpgroup-gemm", case)
        rows = sum(loads)

        def whole(*shape):
            return rng.randint(-2, 3, shape).astype(np.int8)

        x = whole(rows, INPUTS)
        sources = rng.randint(-1, max(rows, 1), rows).astype(np.int32)
        w, bias = whole(EXPERTS, 2 * OUTPUTS, INPUTS), whole(EXPERTS, OUTPUTS)
        row_weights = rng.choice(np.array([-1, 1, 2], dtype=np.int8), rows)
        expert = np.repeat(np.arange(EXPERTS), loads)

        padded = np.concatenate([x, np.zeros((1, INPUTS))]).astype(np.float64)

        def product(weights, found=padded[sources]):
            all_rows = [weights[e] @ row for e, row in zip(expert, found)]
            return np.array(all_rows).reshape(rows, weights.shape[1])

        def gated(up, gate):
            return (up + bias[expert]) * gate * row_weights[:, None].astype(np.float64)

        both = product(w.astype(np.float64))
        interleaved = gated(both[:, 1::2], both[:, 0::2])
        halves = gated(both[:, OUTPUTS:], both[:, :OUTPUTS])
        plain = x.astype(np.float64) @ w[-1].T.astype(np.float64)
        in_order = product(w.astype(np.float64), x.astype(np.float64))
        inputs = {"x": x, "sources": sources, "w": w, "bias": bias, "row_weights": row_weights,
                  "offsets": np.cumsum([0] + loads).astype(np.int32),
                  "w_in_out": w.transpose(0, 2, 1), "last": w[-1], "last_in_out": w[-1].T}
        inputs["targets"] = rng.permutation(rows).astype(np.int32)
        moved = np.zeros_like(in_order)
        moved[inputs["targets"]] = in_order
        yield case, inputs, {
            "moved": moved, "interleaved_out_in": interleaved, "interleaved_in_out": interleaved,
            "halves_out_in": halves, "halves_in_out": halves, "in_order": in_order,
            "plain_out_in": plain, "plain_in_out": plain, "plain_narrow": plain}
