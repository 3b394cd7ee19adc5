"""V-MoE (vmoe): noisy router, two experts with raw weights, groups, importance and load loss.

The T tokens form 2 groups of S = T / 2 neighbours (T is even).
  l = x W^T, n = l + noise / E          noise is drawn from N(0, 1)
  p = softmax(n)                        e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] as it is
  C = ceil(S * 2 * 1.05 / E), rounded up to a multiple of 4
In a group: all first choices in token order, then all second choices; group g uses slots g C + ...
  y[t] = sum over kept choices of w_i f_{e_i}(x[t])
  f(x) = down gelu_tanh(up x + up_bias) + down_bias
Losses, each 0.005 times the mean over the groups of (std over experts / mean over experts)^2:
  importance_loss of I_e = sum_t softmax(l)[t,e], the scores without noise
  load_loss of I_e = sum_t 1 - Phi((theta_t - l[t,e]) / (1/E)), theta_t second largest of n[t]

Inputs:  hidden_states [T,12], noise [T,5], router.weight [5,12], experts.up.weight [5,9,12],
         experts.up.bias [5,9], experts.down.weight [5,12,9], experts.down.bias [5,12]
Results: hidden_states [T,12], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64 (per group), importance_loss [], load_loss []
"""

import math

import numpy as np
from common import (capacity_tensor, clear_order, combine, gelu_tanh, importance_loss, linear,
                    load_loss, mlp_of, normal, round_up, scalar, search, softmax, take, topk)
from draws import assign_in_groups, mlp_weights, require, tokens_and_router

NAME = "v-moe"
E, M, F, GROUPS = 5, 12, 9, 2


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    noisy = logits + i["noise"] / E
    clear_order(noisy)
    p = softmax(noisy)
    ids = topk(noisy, 2)
    weights = take(p, ids)
    capacity = round_up(math.ceil(len(x) // GROUPS * 2 * 1.05 / E), 4)
    kept, slots = assign_in_groups(ids, capacity, E, GROUPS)
    groups = [importance_loss(l) for l in np.split(softmax(logits), GROUPS)]
    loads = [load_loss(l, n, 2, 1 / E)
             for l, n in zip(np.split(logits, GROUPS), np.split(noisy, GROUPS))]
    return {"hidden_states": combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids, "topk_weights": weights, "slots": slots,
            "capacity": capacity_tensor(capacity),
            "importance_loss": scalar(0.005 * np.mean(groups)),
            "load_loss": scalar(0.005 * np.mean(loads))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    i["noise"] = np.zeros((tokens, E)) if case == "ties" else normal(rng, tokens, E)
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    for case, tokens in (("plain", 26), ("drops", 38), ("ties", 28), ("empty", 14), ("flood", 22),
                         ("t0", 0)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
