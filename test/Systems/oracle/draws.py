"""Inputs that the system oracles share: tokens with a router, experts, and the usual cases.

  plain  nothing special          ties   many exactly equal logits (small integers)
  drops  one expert is popular    empty  one expert gets no token
  flood  one expert is everyone's first choice
  t0     no tokens                t1     one token
"""

import math

import numpy as np
from common import Unclear, assign_slots, counts, integers, normal

# How far a case moves the router towards or away from the expert of index LEANT.
LEAN = {"drops": 2.0, "flood": 8.0, "empty": -12.0}
LEANT = 1


def tokens_and_router(rng, case, tokens, num_experts, width):
    """hidden_states [T, M] and router.weight [E, M]."""
    if case == "ties":
        return {"hidden_states": integers(rng, tokens, width, low=-1, high=1, scale=0.5),
                "router.weight": integers(rng, num_experts, width, low=-1, high=1, scale=0.5)}
    x = normal(rng, tokens, width)
    w = normal(rng, num_experts, width, scale=1 / math.sqrt(width))
    if case in LEAN:
        x[:, 0] = 1.0
        w[LEANT, 0] = LEAN[case]
    return {"hidden_states": x, "router.weight": w}


def foreign(end, count):
    """Ids outside [0, end): each that may go wrong in its own way, over and over."""
    extremes = np.iinfo(np.int32)
    return np.resize(np.array([-1, end, -2, extremes.min, extremes.max, end + 1], np.int32), count)


def mlp_weights(rng, name, width, inner, num_experts=None, gate=False, bias=False):
    """<name>.up.weight [E, F, M], <name>.down.weight [E, M, F], with `gate` and biases; no E
    if there is no number of experts."""
    lead = () if num_experts is None else (num_experts,)
    tensors = {}
    for part in ("gate", "up") if gate else ("up",):
        tensors[f"{name}.{part}.weight"] = normal(rng, *lead, inner, width, scale=width**-0.5)
        if bias:
            tensors[f"{name}.{part}.bias"] = normal(rng, *lead, inner, scale=0.5)
    tensors[f"{name}.down.weight"] = normal(rng, *lead, width, inner, scale=inner**-0.5)
    if bias:
        tensors[f"{name}.down.bias"] = normal(rng, *lead, width, scale=0.5)
    return tensors


def require(case, ids, num_experts, slots=None):
    """Raise Unclear if the case does not show what its name says."""
    load = counts(ids, num_experts)
    first = np.asarray(ids)[:, 0]
    holds = {"empty": load[LEANT] == 0, "flood": bool(np.all((first == LEANT) | (first == -1))),
             "drops": slots is None or bool(np.any(slots < 0))}
    if not holds.get(case, True):
        raise Unclear


def assign_in_groups(ids, capacity, num_experts, groups, priority=None):
    """assign_slots, k_major, for each of `groups` equal runs of tokens; group g owns the slots
    from g * capacity on. Tokens of higher priority are served first."""
    kept, slots = np.full_like(ids, -1), np.full_like(ids, -1)
    for g, run in enumerate(np.split(np.arange(len(ids)), groups)):
        order = None if priority is None else np.argsort(-priority[run], kind="stable")
        kept[run], own = assign_slots(ids[run], capacity, num_experts, tokens=order)
        slots[run] = np.where(own >= 0, own + g * capacity, -1)
    return kept, slots
