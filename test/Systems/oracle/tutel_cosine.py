"""Tutel's cosine gate: experts are compared by direction after a projection.

  z = x P^T + b                         P router.proj.weight, b router.proj.bias
  l[t,e] = exp(min(tau, ln 100)) <z_t, s_e> / (max(|z_t|, 1e-12) max(|s_e|, 1e-12))
      with s_e column e of router.sim_matrix and tau router.temperature
  p = softmax(l)                        e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] / max(p[e1] + p[e2], 2^-23)        before dropping
  C = 2 * trunc(1.0 * ceil(T / E))
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down relu(up x + up_bias) + down_bias

Inputs:  hidden_states [T,9], router.proj.weight [7,9], router.proj.bias [7],
         router.sim_matrix [7,5], router.temperature [], experts.up.weight [5,8,9],
         experts.up.bias [5,8], experts.down.weight [5,9,8], experts.down.bias [5,9]
Results: hidden_states [T,9], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64
The case `clamped` has a temperature above ln 100; in `ties` two experts have the same column.
"""

import math

import numpy as np
from common import assign_slots, capacity_tensor, combine, f32, linear, normal, search
from draws import LEAN, LEANT, mlp_weights, require
from tutel import experts_of, route, tutel_capacity

NAME = "tutel-cosine"
E, M, F, P = 5, 9, 8, 7


def cosine_logits(x, i):
    z = linear(x, i["router.proj.weight"], i["router.proj.bias"])
    s = i["router.sim_matrix"].T
    length = [np.maximum(np.sqrt(np.sum(v**2, axis=-1)), 1e-12) for v in (z, s)]
    scale = np.exp(min(i["router.temperature"], math.log(100)))
    return scale * linear(z, s) / (length[0][:, None] * length[1])


def layer(i):
    x = i["hidden_states"]
    _, ids, weights = route(cosine_logits(x, i))
    capacity = tutel_capacity(1.0, len(x), ids, E)
    kept, slots = assign_slots(ids, capacity, E)
    return {"hidden_states": combine(x, kept, weights, experts_of(i)), "topk_ids": ids,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity)}


def build(rng, case, tokens):
    temperature = 5.0 if case == "clamped" else math.log(1 / 0.5)
    i = {"hidden_states": normal(rng, tokens, M),
         "router.proj.weight": normal(rng, P, M, scale=M**-0.5),
         "router.proj.bias": normal(rng, P, scale=0.5),
         "router.sim_matrix": normal(rng, P, E), "router.temperature": f32(temperature),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    columns = i["router.sim_matrix"]
    if case == "ties":
        columns[:, 3] = columns[:, 1]
    elif case in LEAN:  # the bias points to the expert or away from it
        i["router.proj.bias"] = f32(LEAN[case] * columns[:, LEANT])
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 23), ("ties", 19), ("empty", 15), ("flood", 16), ("clamped", 14),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
