"""Mixture-of-Depths: an eighth of the tokens goes through the block, the others around it.

  r = x W^T                             one number per token, used as it is
  C = trunc(T * 0.125)                  the C tokens with the largest r, lowest index on a tie
The picked tokens, in their order in the sequence, are a sequence z of C rows for the block:
  A = softmax(q k^T / sqrt(8)) v        q, k, v = z times the transposed weight; row i sees rows
                                        0 .. i only; M = 8 and one head
  h = z + A o^T
  block(z) = h + down gelu_tanh(up h)
  y[t] = r[t] block(z)[t] + x[t] if picked, else x[t]

Inputs:  hidden_states [T,8], router.weight [1,8], attention.q.weight [8,8],
         attention.k.weight [8,8], attention.v.weight [8,8], attention.o.weight [8,8],
         mlp.up.weight [13,8], mlp.down.weight [8,13]
Results: hidden_states [T,8], topk_ids [T,1] i32 (0 picked, -1 not), topk_weights [T,1] (r)
"""

import math

import numpy as np
from common import clear_order, descending, gelu_tanh, linear, mlp_of, normal, search, softmax
from draws import mlp_weights

NAME = "mixture-of-depths"
M, F = 8, 13


def block(z, i):
    q, k, v = (linear(z, i[f"attention.{name}.weight"]) for name in "qkv")
    scores = np.where(np.tri(len(z)) == 1, q @ k.T / math.sqrt(M), -np.inf)
    h = z + linear(softmax(scores) @ v, i["attention.o.weight"])
    return h + mlp_of(i, "mlp", gelu_tanh)(None, h)


def layer(i):
    x = i["hidden_states"]
    r = linear(x, i["router.weight"])
    clear_order(r[:, 0])
    picked = np.sort(descending(r[:, 0])[: int(len(x) * 0.125)])
    ids = np.full((len(x), 1), -1, dtype=np.int32)
    y = x.copy()
    if len(picked):
        ids[picked] = 0
        y[picked] += r[picked] * block(x[picked], i)
    return {"hidden_states": y, "topk_ids": ids, "topk_weights": r}


def build(rng, tokens):
    i = {"hidden_states": normal(rng, tokens, M),
         "router.weight": normal(rng, 1, M, scale=M**-0.5), **mlp_weights(rng, "mlp", M, F)}
    for name in "qkvo":
        i[f"attention.{name}.weight"] = normal(rng, M, M, scale=M**-0.5)
    return i, layer(i)


def cases():
    for case, tokens in (("plain", 43), ("one", 9), ("none", 7), ("t0", 0)):
        yield search(NAME, case, lambda rng: build(rng, tokens))
