"""What each library router reports, brought to one form: the weight of every expert for every
token [T, E], and the choices with their weights [T, k] where the router exposes them."""

import torch


def spread(ids, weights, experts):
    return torch.zeros(ids.shape[0], experts, dtype=weights.dtype).scatter_(1, ids, weights)


def from_choices(block, output, experts):
    *_, first, second = output
    ids, weights = (second, first) if first.is_floating_point() else (first, second)
    return spread(ids, weights, experts), ids, weights


def from_logits(block, output, experts):
    weights, ids = block.route_tokens_to_experts(output)
    return spread(ids, weights, experts), ids, weights


def from_scores(block, output, experts):
    scores, logits = output
    ids = logits.topk(block.top_k, dim=-1).indices
    return scores, ids, scores.gather(1, ids)


def from_mask(block, output, experts):
    mask, weight, _ = output
    every = (mask * weight).reshape(-1, experts)
    ids = mask.reshape(-1, experts).argmax(dim=-1, keepdim=True)
    return every, ids, every.gather(1, ids)


def from_gates(block, output, experts):
    _, gates, _ = output
    weights, ids = gates.topk(2, dim=-1)
    return gates, ids, weights
