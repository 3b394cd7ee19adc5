"""Hidden states and router weights that route tokens as asked for.

All hidden states have a common component. Along it, the router's weights of expert e are set so
that its logit is log p_e above the others', in units in which the rest of the logit has the
spread of a Gumbel variable: the k largest are then about k draws without replacement from p.
What the router sees is recorded, whatever the model does to the hidden states before, so this
serves routers with softmax, with sigmoid and bias, with groups, and behind a norm. How tokens
were routed in fact is counted (`describe`).
"""

import math
from contextlib import contextmanager

import torch
from torch.nn import functional

ROUTINGS = ("uniform", "zipf", "one-hot")
SAMPLE = 1024
GUMBEL_SPREAD = math.pi / math.sqrt(6)
# Logits for all tokens to have the same experts: sigmoids must not saturate where they count.
CHOSEN, OTHERS = 3.0, -9.0


@contextmanager
def record_inputs(shape, seen):
    """Adds the inputs of products with weights of that shape to `seen`."""
    linear = functional.linear

    def recording(x, weight, bias=None):
        if weight.shape == shape:
            seen.append(x.reshape(-1, shape[1]).float())
        return linear(x, weight, bias)

    functional.linear = recording
    try:
        yield
    finally:
        functional.linear = linear


def wanted_logits(routing, experts, k, device):
    if routing == "uniform":
        return torch.zeros(experts, device=device)
    if routing == "one-hot":
        return torch.where(torch.arange(experts, device=device) < k, CHOSEN, OTHERS)
    # Ranks are shuffled, so that no group of experts has all the popular ones.
    ranks = torch.randperm(experts, generator=torch.Generator().manual_seed(0)).to(device)
    return -torch.log1p(ranks.float()) / GUMBEL_SPREAD


class RoutingInputs:
    """Sets the weights of a block's router, in place, and makes hidden states for them."""

    def __init__(self, router, width, k):
        self.router, self.width, self.k = router, width, k
        self.weight = next(it for it in router.parameters() if it.dim() == 2)
        self.original = self.weight.clone()
        generator = torch.Generator().manual_seed(0)
        direction = torch.randn(width, generator=generator)
        self.common = (direction / direction.norm() * math.sqrt(width)).to(self.weight.device)

    def draw(self, tokens):
        noise = torch.randn(tokens, self.width, device=self.common.device)
        return (noise + self.common).to(torch.bfloat16)

    def choose(self, routing):
        seen = []
        with record_inputs(self.original.shape, seen):
            self.router(self.draw(SAMPLE))
        mean = seen[0].mean(dim=0)
        length = mean.norm()
        along = mean / length
        rest = self.original.float()
        rest = rest - torch.outer(rest @ along, along)
        rest = rest / (seen[0] @ rest.T).std()
        wanted = wanted_logits(routing, len(rest), self.k, rest.device)
        self.weight.copy_(rest + torch.outer(wanted / length, along))


def describe(ids, experts):
    """How the experts were loaded: how many at all, and the most loaded one beside the average."""
    counts = ids.reshape(-1).long().bincount(minlength=experts)
    return {"experts": int((counts > 0).sum()), "of": experts,
            "skew": float(counts.max() / counts.float().mean()), "histogram": counts.tolist()}
