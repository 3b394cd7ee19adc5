"""Ids that are no expert's, given to experts of bf16 whose kernels are those of tensor cores: no
row, no weight, no slot and no count, however far outside they lie."""

import numpy as np

from common import bf16, bf16_bytes, combine, mlp, normal, own, random_state, silu
from draws import foreign
from sort_by_expert import in_token_order

E, K, WIDTH, INNER, CAPACITY = 4, 3, 64, 32, 9  # as many experts and choices as in_token_order has


def cases():
    for case, tokens in (("few", 20), ("many", 300), ("none", 12)):
        rng = random_state("foreign-ids", case)
        x, up, down = (bf16(normal(rng, *shape, scale=scale)) for shape, scale in (
            ((tokens, WIDTH), 1), ((E, INNER, WIDTH), WIDTH**-0.5), ((E, WIDTH, INNER), INNER**-0.5)))
        scores = normal(rng, tokens, E)
        ids = rng.randint(0, E, (tokens, K)).astype(np.int32)
        wrong = slice(None, None, 1 if case == "none" else 2)
        ids.reshape(-1)[wrong] = foreign(E, len(ids.reshape(-1)[wrong]))
        known = own(ids, E)
        weights = np.where(known >= 0, np.take_along_axis(scores, np.maximum(known, 0), 1), 0)

        def expert(e, rows):
            return mlp(rows, up[e], down[e], silu)

        kept, _ = in_token_order(ids, CAPACITY, "token_major")
        yield case, {"x": bf16_bytes(x), "ids": ids, "scores": scores, "up": bf16_bytes(up),
                     "down": bf16_bytes(down)}, {
            "y": combine(x, known, weights, expert) + np.zeros(x.shape), "weights": weights,
            "capped": combine(x, kept, weights, expert) + np.zeros(x.shape), "kept": kept,
            "counts": np.array([np.sum(ids == e) for e in range(E)], np.int32)}
