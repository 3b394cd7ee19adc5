"""A router whose choices are sorted by expert, for few and for many tokens: scores with ties, the
best of limited groups, weights, and rows that know the weight and the place of their choice."""

import numpy as np

FIRST, OWN, E, K, GROUPS, KEEP, WIDTH = 5, 20, 32, 3, 4, 2, 4


def best(values, count):
    """The largest ones, of equal ones the lowest."""
    return sorted(range(len(values)), key=lambda i: (-values[i], i))[:count]


def cases():
    rng = np.random.default_rng(31)
    for case, tokens in (("few", 50), ("many", 140), ("t0", 0), ("t1", 1)):
        # Few different numbers, so that there are ties.
        logits = rng.integers(-4, 5, (tokens, E)).astype(np.float32) / 2
        ids = np.zeros((tokens, K), np.int32)
        weights = np.zeros((tokens, K), np.float32)
        for t in range(tokens):
            scores = 1 / (1 + np.exp(-logits[t].astype(np.float64)))
            rank = [float(np.max(part)) for part in scores.reshape(GROUPS, -1)]
            kept = best(rank, KEEP)
            limited = [score if e // (E // GROUPS) in kept else -np.inf
                       for e, score in enumerate(scores)]
            ids[t] = best(limited, K)
            weights[t] = scores[ids[t]] / np.sum(scores[ids[t]])
        own = ids.reshape(-1) - FIRST
        own = np.where((own >= 0) & (own < OWN), own, -1)
        order = [i for i in np.argsort(own, kind="stable") if own[i] >= 0]
        positions = np.full(ids.size, -1, np.int32)
        positions[order] = np.arange(len(order), dtype=np.int32)
        x = rng.standard_normal((tokens, WIDTH)).astype(np.float32)
        experts = rng.standard_normal((OWN, WIDTH, WIDTH)).astype(np.float32)
        y = np.zeros((tokens, WIDTH))
        for t in range(tokens):
            for c in range(K):
                e = ids[t, c] - FIRST
                if 0 <= e < OWN:
                    y[t] += float(weights[t, c]) * (experts[e].astype(np.float64) @ x[t])
        yield case, {"logits": logits, "x": x, "experts": experts}, {
            "ids": ids, "weights": weights, "y": y.astype(np.float32),
            "offsets": np.searchsorted(own[order], np.arange(OWN + 1)).astype(np.int32),
            "positions": positions.reshape(ids.shape)}
