"""moe.aux_loss: every kind, with masks and uneven groups, without tokens, with equal logits."""

import numpy as np
from common import entropy, load_loss, scalar, squared_variation, z_loss

E, K = 6, 2


def share(scores, ids):
    counts = np.array([np.sum(ids == e) for e in range(E)])
    return E * np.sum(counts / len(ids) * np.mean(scores, axis=0))


def mean_over_groups(groups, mask, loss, *tensors):
    tokens = len(mask)
    size = -(-tokens // groups)
    total = 0.0
    for g in range(groups):
        counted = [t for t in range(g * size, min(g * size + size, tokens)) if mask[t] != 0]
        if counted:
            total += loss(*(tensor[counted] for tensor in tensors))
    return scalar(total / groups)


def entropy_with_zeros(p):
    """0 log 0 is 0."""
    return entropy(np.where(p == 0, 1.0, p))


def cases():
    rng = np.random.default_rng(13)
    for case, tokens in (("plain", 33), ("masked", 12), ("t0", 0), ("t1", 1)):
        logits = rng.integers(-64, 65, (tokens, E)) / 16
        noisy = logits + rng.integers(-2, 3, (tokens, E)) / 4  # ties
        # f32-exact, some zero, not summing to one.
        scores = rng.integers(0, 9, (tokens, E)) / 32
        ids = rng.integers(-2, E + 2, (tokens, K)).astype(np.int32)
        mask = np.where(rng.random(tokens) < 0.6, 0.5, 0.0)
        mask[4:8] = 0  # the second group of three of the masked case
        if case == "t1":
            mask[:] = 0
        every = np.ones(tokens)
        scores[scores.sum(axis=1) == 0] = 0.25
        inputs = {"logits": logits, "noisy": noisy, "scores": scores, "indices": ids,
                  "mask": mask, "large_logits": logits * 256}
        yield case, inputs, {
            "balance": mean_over_groups(1, every, share, scores, ids),
            "balance_masked": 0.01 * mean_over_groups(
                3, mask, lambda s, i: share(s, i) / K, scores, ids),
            "l1": mean_over_groups(4, every, lambda s, i: share(s, i) / 5, scores, ids),
            "importance": mean_over_groups(
                2, mask, lambda s: squared_variation(s.sum(axis=0), ddof=1), scores),
            "load": mean_over_groups(
                1, every, lambda l, n: load_loss(l, n, 3, 0.5), logits, noisy),
            "z": 0.001 * mean_over_groups(3, mask, z_loss, logits),
            "z_large": mean_over_groups(1, every, z_loss, logits * 256),
            "entropy_local": mean_over_groups(
                1, mask, lambda s: np.mean(entropy_with_zeros(s)), scores),
            "entropy_global": mean_over_groups(
                3, mask, lambda s: max(0.0, 1.5 - entropy_with_zeros(np.mean(s, axis=0))), scores),
        }
