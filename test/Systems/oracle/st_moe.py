"""ST-MoE (flaxformer): raw top-2 weights, half-even capacity, and a dense MLP after the experts.

  p = softmax(x W^T)                    e1, e2 the two largest, lowest index on a tie
  w_i = p[e_i] as it is
  C = max(round(1.25 * T / E), 4)       halves to even; the two choices are not in the formula
Slots: all first choices in token order, then all second choices; a choice without one is dropped.
  m[t] = sum over kept choices of w_i f_{e_i}(x[t])
  h = x + m                             the residual between the two layers
  y = h + s(h)                          s the dense MLP `shared`
All MLPs: down (gelu_tanh(gate x) * up x), no biases
  aux_loss = 0.01 E sum_e f_e P_e       f_e = choices of e in both columns / T, before
                                        dropping
  z_loss = 0.001 mean_t logsumexp(l[t])^2

Inputs:  hidden_states [T,9], router.weight [5,9], experts.gate.weight [5,8,9],
         experts.up.weight [5,8,9], experts.down.weight [5,9,8], shared.gate.weight [10,9],
         shared.up.weight [10,9], shared.down.weight [9,10]
Results: hidden_states [T,9], topk_ids [T,2] i32 (before dropping), topk_weights [T,2],
         slots [T,2] i32 (-1 dropped), capacity [] i64, aux_loss [], z_loss []
"""

from common import (assign_slots, balance_loss, capacity_tensor, clear_order, combine, gelu_tanh,
                    linear, mlp_of, scalar, search, softmax, take, topk, z_loss)
from draws import mlp_weights, require, tokens_and_router

NAME = "st-moe"
E, M, F, SHARED = 5, 9, 8, 10


def layer(i):
    x = i["hidden_states"]
    logits = linear(x, i["router.weight"])
    clear_order(logits)
    p = softmax(logits)
    ids = topk(logits, 2)
    weights = take(p, ids)
    capacity = max(round(1.25 * len(x) / E), 4)
    kept, slots = assign_slots(ids, capacity, E)
    h = x + combine(x, kept, weights, mlp_of(i, "experts", gelu_tanh))
    return {"hidden_states": h + mlp_of(i, "shared", gelu_tanh)(None, h), "topk_ids": ids,
            "topk_weights": weights, "slots": slots, "capacity": capacity_tensor(capacity),
            "aux_loss": scalar(0.01 * balance_loss(p, ids, E)),
            "z_loss": scalar(0.001 * z_loss(logits))}


def build(rng, case, tokens):
    i = {**tokens_and_router(rng, case, tokens, E, M),
         **mlp_weights(rng, "experts", M, F, E, gate=True),
         **mlp_weights(rng, "shared", M, SHARED, gate=True)}
    results = layer(i)
    require(case, results["topk_ids"], E, results["slots"])
    return i, results


def cases():
    # 18 tokens: 1.25 * 18 / 5 = 4.5 rounds to 4; 22: 5.5 rounds to 6.
    for case, tokens in (("plain", 18), ("drops", 22), ("ties", 25), ("empty", 16), ("flood", 19),
                         ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
