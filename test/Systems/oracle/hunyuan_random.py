"""Hunyuan-Large's re-routing (its report, and the top-1 path of the published modelling code): a
token whose expert is full goes to a random expert that still has room.

  l = x router^T, s = softmax(l) over all experts, in f32; first choice e = the largest s
  capacity C = max(1, floor(T / E)); tokens by position; then every token that found no slot, by
      position, takes expert r mod n of the n experts that have room at that moment, counted from
      the lowest index, r = its draw; without any room it is dropped
  w = s of the expert that serves the token, not normalised; 0 if it was dropped
  y = w f(x) + shared(x)

f and shared are down (silu(gate x) * up x). The published code draws a permutation of all free
slots; one draw per token among the experts with room is the same idea with an explicit operand.
In case `full` T = E C, so that every token finds a place.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.{gate,up}.weight [E,F,M]
         experts.down.weight [E,M,F]  shared.{gate,up}.weight [F,M]  shared.down.weight [M,F]
         random [T,1] i32, not negative
results  hidden_states [T,M]  topk_ids [T,1] i32  topk_weights [T,1]  capacity [] i64
"""

import numpy as np
from common import (assign_slots, capacity_tensor, clear_order, counts, linear, softmax, take,
                    topk)
from language_model import find_cases, random_layer, results, run_experts, run_shared

NAME = "hunyuan-random"
E, M, F = 6, 10, 6


def spare(kept, capacity, random):
    """The tokens that were dropped, spread over the experts with room."""
    used = counts(kept, E)
    kept = kept.copy()
    for t in np.flatnonzero(kept[:, 0] < 0):
        room = np.flatnonzero(used < capacity)
        if len(room):
            kept[t, 0] = room[random[t, 0] % len(room)]
            used[kept[t, 0]] += 1
    return kept


def forward(layer):
    logits = linear(layer["hidden_states"], layer["router.weight"])
    clear_order(logits)
    scores = softmax(logits)
    ids = topk(scores, 1)
    capacity = max(1, len(ids) // E)
    kept = spare(assign_slots(ids, capacity, E)[0], capacity, layer["random"])
    weights = take(scores, kept)
    return results(run_experts(layer, kept, weights) + run_shared(layer), kept, weights,
                   capacity=capacity_tensor(capacity))


def draw(rng, case, tokens):
    layer = random_layer(rng, case, tokens, E, M, F, shared=F)
    return layer | {"random": rng.randint(0, 2**31 - 1, (tokens, 1)).astype(np.int32)}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 26, "full": 36, "t1": 1})
