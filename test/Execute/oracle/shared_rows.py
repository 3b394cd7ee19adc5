"""A shared expert beside others that hold a part of all experts, have a capacity, have biases of
a fused projection, or are quantised: y[t] = sum_c w[t,c] f_{e[t,c]}(x[t]) + g[t] f_s(x[t])."""

import numpy as np

from common import assign_slots, combine, mlp, normal, random_state, sigmoid, silu
from nibbles import pack, spread

TOKENS, WIDTH, INNER, EXPERTS = 11, 16, 8, 4
FIRST, ALL = 3, 10  # of another device's experts, and how many there are at all
CAPACITY, GROUP = 3, 8


def cases():
    rng = random_state("shared-rows")
    x = normal(rng, TOKENS, WIDTH)
    weights = normal(rng, TOKENS, 2)
    share = normal(rng, TOKENS, 1)
    ids = np.array([rng.choice(EXPERTS, 2, replace=False) for _ in range(TOKENS)], dtype=np.int32)
    far = np.array([rng.choice(ALL, 2, replace=False) for _ in range(TOKENS)], dtype=np.int32)
    far[0] = FIRST + EXPERTS, -1  # the number that the shared expert gets; no choice at all
    inputs = {"x": x, "weights": weights, "share": share, "ids": ids, "far": far}

    def draw(name, *shape):
        inputs[name] = normal(rng, EXPERTS, *shape, scale=shape[-1] ** -0.5)
        inputs["shared_" + name] = normal(rng, *shape, scale=shape[-1] ** -0.5)
        return lambda e: inputs["shared_" + name] if e is None else inputs[name][e]

    def draw_codes(name, *shape):
        """Codes along the inputs; the shared expert's come last."""
        codes = rng.randint(0, 16, (EXPERTS + 1, *shape))
        zeros = rng.randint(0, 16, (EXPERTS + 1, shape[0], shape[1] // GROUP))
        scales = normal(rng, *zeros.shape, scale=shape[1] ** -0.5 / 4)
        for kind, array in (("", pack(codes, 2)), ("_scales", scales), ("_zeros", pack(zeros, 1, word=np.uint8))):
            inputs[name + kind], inputs[f"shared_{name}{kind}"] = array[:-1], array[-1]
        exact = (codes - spread(zeros, 2, GROUP, shape[1])) * spread(scales, 2, GROUP, shape[1])
        return lambda e: exact[-1 if e is None else e]

    up, down = draw("up", INNER, WIDTH), draw("down", WIDTH, INNER)
    fused, bias = draw("fused", 2 * INNER, WIDTH), draw("bias", 2 * INNER)
    int4_up, int4_down = draw_codes("int4_up", INNER, WIDTH), draw_codes("int4_down", WIDTH, INNER)

    def plain(e, rows):
        return mlp(rows, up(e), down(e), silu)

    def biased(e, rows):
        """Gate and up in turns."""
        return mlp(rows, fused(e)[1::2], down(e), silu, gate=fused(e)[0::2],
                   up_bias=bias(e)[1::2], gate_bias=bias(e)[0::2])

    def quantised(e, rows):
        return mlp(rows, int4_up(e), int4_down(e), silu)

    own = np.where((far >= FIRST) & (far < FIRST + EXPERTS), far - FIRST, -1)
    kept, _ = assign_slots(ids, CAPACITY, EXPERTS)
    assert (kept < 0).any()
    shared = sigmoid(share) * plain(None, x)
    yield "all", inputs, {
        "foreign": combine(x, own, weights, plain) + shared,
        "capacity": combine(x, kept, weights, plain) + plain(None, x),
        "biases": combine(x, ids, weights, biased) + biased(None, x),
        "quantised": combine(x, ids, weights, quantised) + quantised(None, x)}
