"""BASE layers in training (fairseq modules/base_layer.py): a balanced assignment.

  a = x router^T, the similarity with the experts' centroids
  every expert gets T / E tokens (E divides T), such that the sum of a[t, e(t)] is largest
  alpha = sigmoid(a[t, e(t)])
  y = alpha * f(x) + (1 - alpha) * x
  f(x) = x + down relu(up LN(x) + up.bias) + down.bias, where LN belongs to the expert:
  LN(v) = (v - mean) / sqrt(variance + 1e-5) * norm.weight[e] + norm.bias[e]

topk_weights is alpha. No loss: the balance is exact.

inputs   hidden_states [T,M]  router.weight [E,M]  experts.norm.weight [E,M]
         experts.norm.bias [E,M]  experts.up.weight [E,F,M]  experts.up.bias [E,F]
         experts.down.weight [E,M,F]  experts.down.bias [E,M]
results  hidden_states [T,M]  topk_ids [T,1] i32  topk_weights [T,1]
"""

import numpy as np
from common import Unclear, combine, linear, mlp_of, normal, relu, sigmoid, take
from draws import mlp_weights, tokens_and_router
from hash_layer import layer_norm
from language_model import find_cases, results

NAME = "base-layer"
E, M, F = 4, 10, 7


def best_assignment(scores):
    """The expert of each token, T / E tokens each: starting anywhere, reassign tokens along
    cycles of experts as long as the sum grows (no growing cycle is left at the optimum)."""
    tokens, experts = scores.shape
    ids = np.arange(tokens) % experts
    while True:
        # gain[a, b]: the most that moving one token of a to b adds.
        gain = np.full((experts, experts), -np.inf)
        mover = np.zeros((experts, experts), dtype=int)
        for a in range(experts):
            own = np.flatnonzero(ids == a)
            change = scores[own] - scores[own, a][:, None]
            mover[a], gain[a] = own[np.argmax(change, axis=0)], np.max(change, axis=0)
        cycle = growing_cycle(gain)
        if cycle is None:
            return ids
        moves = [(mover[a, b], b) for a, b in zip(cycle, cycle[1:] + cycle[:1])]
        for token, b in moves:
            ids[token] = b


def growing_cycle(gain, tolerance=1e-12):
    """Experts a, b, c, ... with gain[a,b] + gain[b,c] + ... + gain[.,a] > 0."""
    def extend(path, total):
        if len(path) > 1 and total + gain[path[-1], path[0]] > tolerance:
            return path
        for b in range(path[0] + 1, len(gain)):
            if b not in path:
                found = extend(path + [b], total + gain[path[-1], b])
                if found:
                    return found
        return None
    return next(filter(None, (extend([a], 0.0) for a in range(len(gain)))), None)


def require_single_best(scores, ids):
    """Raise Unclear if another assignment is nearly as good: forbid each token its expert."""
    best = take(scores, ids[:, None]).sum()
    for t, e in enumerate(ids):
        without = scores.copy()
        without[t, e] -= 100.0
        if best - take(without, best_assignment(without)[:, None]).sum() < 1e-2:
            raise Unclear


def run(layer, scores, ids):
    x = layer["hidden_states"]
    alpha = sigmoid(take(scores, ids))
    mlp = mlp_of(layer, "experts", relu)
    gain, shift = layer["experts.norm.weight"], layer["experts.norm.bias"]
    f = combine(x, ids, np.ones(ids.shape),
                lambda e, rows: rows + mlp(e, layer_norm(rows, gain[e], shift[e])))
    return results(alpha * f + (1.0 - alpha) * x, ids, alpha)


def forward(layer):
    scores = linear(layer["hidden_states"], layer["router.weight"])
    ids = best_assignment(scores)
    require_single_best(scores, ids)
    return run(layer, scores, ids[:, None].astype(np.int32))


def draw(rng, case, tokens):
    layer = tokens_and_router(rng, case, tokens, E, M)
    layer |= mlp_weights(rng, "experts", M, F, E, bias=True)
    return layer | {f"experts.norm.{part}": normal(rng, E, M) for part in ("weight", "bias")}


def cases():
    return find_cases(NAME, draw, forward, {"plain": 12, "large": 20})
