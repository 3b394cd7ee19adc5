"""Latent prototype routing (the paper): experts are prototypes in a small latent space.

  z = silu(x encoder^T), the token in a latent space of width D
  l[t,e] = -scale * |z[t] - prototypes[e]|^2, scale = 1 / temperature
  choose the k largest l;  w = softmax over the k chosen l
  y = sum_c w_c f_c(x)      f(x) = down (silu(gate x) * up x)

The paper leaves encoder and similarity open; this is its non-variational form with a squared
distance. Its training losses are not part of the layer. No capacity.

inputs   hidden_states [T,M]  encoder.weight [D,M]  router.weight [E,D] (the prototypes)
         scale []  experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

import numpy as np
from common import clear_order, linear, normal, scalar, silu, softmax, take, topk
from language_model import find_cases, random_layer, results, run_experts

NAME = "lpr"
E, K, M, F, D = 8, 3, 10, 6, 5


def forward(layer):
    z = silu(linear(layer["hidden_states"], layer["encoder.weight"]))
    difference = z[:, None, :] - layer["router.weight"][None, :, :]
    logits = -layer["scale"] * np.sum(difference**2, axis=2)
    clear_order(logits)
    ids = topk(logits, K)
    weights = softmax(take(logits, ids))
    return results(run_experts(layer, ids, weights), ids, weights)


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F)
    prototypes = normal(rng, E, D)
    if case == "ties":  # the second half repeats the first
        prototypes[E // 2:] = prototypes[:E // 2]
    return layer | {"encoder.weight": normal(rng, D, M, scale=M**-0.5),
                    "router.weight": prototypes, "scale": scalar(0.5)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 22, "ties": 15, "t1": 1})
