"""The form that the layers of recent language models share: gated experts without biases, often
beside a shared expert, no capacity. A layer is a dict from tensor name to array:

  hidden_states [T,M]  router.weight [E,M]
  experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
  shared.{gate,up}.weight [S,M]     shared.down.weight [M,S]
"""

from common import combine, mlp_of, normal, search, silu
from draws import mlp_weights, require, tokens_and_router

USUAL_CASES = {"plain": 23, "ties": 17, "empty": 19, "flood": 14, "t0": 0, "t1": 1}


def random_layer(rng, case, tokens, experts, width, inner, shared=0, gate=True):
    """A layer; with a shared expert of inner width `shared` if that is not 0."""
    layer = tokens_and_router(rng, case, tokens, experts, width)
    layer |= mlp_weights(rng, "experts", width, inner, experts, gate=gate)
    return layer | (mlp_weights(rng, "shared", width, shared, gate=gate) if shared else {})


def choice_bias(rng, case, experts, scale=0.2):
    """A balance bias; in case `ties` a constant, which keeps equal scores equal."""
    return normal(rng, 1, scale=scale).repeat(experts) if case == "ties" \
        else normal(rng, experts, scale=scale)


def run_experts(layer, ids, weights, activation=silu):
    """sum_c weights[t,c] * expert(ids[t,c], x[t])"""
    return combine(layer["hidden_states"], ids, weights, mlp_of(layer, "experts", activation))


def run_shared(layer, activation=silu):
    return mlp_of(layer, "shared", activation)(None, layer["hidden_states"])


def results(y, ids, weights, **others):
    return {"hidden_states": y, "topk_ids": ids, "topk_weights": weights} | others


def find_cases(name, draw, forward, cases=None):
    """For each case the first draw(rng, case, T) for which forward(layer) is clear and shows
    what the case is named after."""

    def build(rng, case, tokens):
        layer = draw(rng, case, tokens)
        outputs = forward(layer)
        require(case, outputs["topk_ids"], len(layer["router.weight"]), outputs.get("slots"))
        return layer, outputs

    for case, tokens in (cases or USUAL_CASES).items():
        yield search(name, case, lambda rng, c=case, n=tokens: build(rng, c, n))
