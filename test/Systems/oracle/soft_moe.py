"""Soft MoE (vmoe): every slot is a mixture of all tokens, every token a mixture of all slots.

There are S = E P = 10 slots, P = 2 for each of the E = 5 experts; slot s belongs to expert s // 2.
  l[t,s] = scale <x_t, phi_s> / (|x_t| |phi_s|),  |v| = sqrt(sum v^2 + 1e-6)
  a = softmax of l over the tokens      b = softmax of l over the slots
  z[s] = sum_t a[t,s] x[t]              o[s] = f_{s // 2}(z[s])
  y[t] = sum_s b[t,s] o[s]              f(x) = down gelu_tanh(up x + up_bias) + down_bias
All T tokens are one image; nothing is selected or dropped.

Inputs:  hidden_states [T,11], router.phi [10,11], router.scale [], experts.up.weight [5,8,11],
         experts.up.bias [5,8], experts.down.weight [5,11,8], experts.down.bias [5,11]
Results: hidden_states [T,11]
"""

import numpy as np
from common import f32, gelu_tanh, linear, mlp_of, normal, search, softmax
from draws import mlp_weights

NAME = "soft-moe"
E, M, F, P = 5, 11, 8, 2


def unit(v):
    return v / np.sqrt(np.sum(v**2, axis=-1, keepdims=True) + 1e-6)


def layer(i):
    x = i["hidden_states"]
    logits = i["router.scale"] * linear(unit(x), unit(i["router.phi"]))
    inputs = softmax(logits, axis=0).T @ x
    expert = mlp_of(i, "experts", gelu_tanh)
    outputs = np.concatenate([expert(e, inputs[e * P:(e + 1) * P]) for e in range(E)])
    return {"hidden_states": softmax(logits, axis=1) @ outputs}


def build(rng, tokens):
    i = {"hidden_states": normal(rng, tokens, M), "router.phi": normal(rng, E * P, M),
         "router.scale": f32(3.0), **mlp_weights(rng, "experts", M, F, E, bias=True)}
    return i, layer(i)


def cases():
    for case, tokens in (("plain", 19), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, tokens))
