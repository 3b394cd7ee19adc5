"""LongCat-Flash (its published modelling code; E 512, Z 256, k 12, F 2048, M 6144).

  l = x router^T over E + Z ids, s = softmax(l) over all of them, in f32
  choose the k largest s + router.bias;  w_c = 6 * s_c, s without the bias, not normalised
  y = sum_c w_c f_c(x)
  f_e(x) = down (silu(gate x) * up x) for e < E, and f_e(x) = x for the Z ids from E on

An identity expert costs nothing, but its weight still counts. No shared expert, no capacity.
(Where the block adds the result, one sub-layer later, is not part of the layer.)

inputs   hidden_states [T,M]  router.weight [E+Z,M]  router.bias [E+Z]
         experts.{gate,up}.weight [E,F,M]  experts.down.weight [E,M,F]
results  hidden_states [T,M]  topk_ids [T,k] i32  topk_weights [T,k]
"""

from common import clear_order, combine, linear, mlp_of, silu, softmax, take, topk
from draws import mlp_weights, tokens_and_router
from language_model import choice_bias, find_cases, results

NAME = "longcat"
E, Z, K, M, F = 7, 4, 4, 10, 6
SCALE = 6.0


def forward(layer):
    x = layer["hidden_states"]
    scores = softmax(linear(x, layer["router.weight"]))
    keys = scores + layer["router.bias"]
    clear_order(keys, gap=1e-5)
    ids = topk(keys, K)
    weights = SCALE * take(scores, ids)
    mlps = mlp_of(layer, "experts", silu)
    y = combine(x, ids, weights, lambda e, rows: mlps(e, rows) if e < E else rows)
    return results(y, ids, weights)


def draw(rng, case, tokens):
    layer = tokens_and_router(rng, case, tokens, E + Z, M)
    layer |= mlp_weights(rng, "experts", M, F, E, gate=True)
    return layer | {"router.bias": choice_bias(rng, case, E + Z, scale=0.05)}


def cases():
    return find_cases(NAME, draw, forward,
                      {"plain": 25, "ties": 17, "empty": 15, "flood": 14, "t1": 1})
