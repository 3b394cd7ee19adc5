"""Hash layers (ParlAI's hash_ladder): the expert is looked up by the token's id.

  e = table[token_ids[t]], a random table fixed at the start; weight 1, no router
  y = LN(x + down_e relu(up_e x + up.bias_e) + down.bias_e)
  LN(v) = (v - mean) / sqrt(variance + 1e-5) * norm.weight + norm.bias, one norm for all experts

topk_ids shows the looked-up expert, -1 for an id outside the table. No loss, no capacity. In case
`empty` no id leads to expert 1. In case `foreign` ids lie outside the table, and experts that the
table names outside [0, E): such a token gets none.

inputs   hidden_states [T,M]  token_ids [T] i32  table [V] i32
         experts.up.weight [E,F,M]  experts.up.bias [E,F]
         experts.down.weight [E,M,F]  experts.down.bias [E,M]  norm.weight [M]  norm.bias [M]
results  hidden_states [T,M]  topk_ids [T,1] i32
"""

import numpy as np
from common import combine, mlp_of, normal, own, relu, search
from draws import foreign, mlp_weights

NAME = "hash-layer"
E, M, F, V = 5, 10, 8, 40


def layer_norm(v, weight, bias, eps=1e-5):
    mean = v.mean(axis=1, keepdims=True)
    variance = v.var(axis=1, keepdims=True)
    return (v - mean) / np.sqrt(variance + eps) * weight + bias


def forward(layer):
    x = layer["hidden_states"]
    found = np.array([layer["table"][i] if 0 <= i < V else -1 for i in layer["token_ids"]], np.int32)
    ids = found.reshape(-1, 1)
    y = x + combine(x, own(ids, E), np.ones(ids.shape), mlp_of(layer, "experts", relu))
    y = layer_norm(y, layer["norm.weight"], layer["norm.bias"])
    return {"hidden_states": y, "topk_ids": ids}


def build(rng, case, tokens):
    table = rng.randint(0, E, V)
    if case == "empty":
        table[table == 1] = 2
    layer = {
        "hidden_states": normal(rng, tokens, M),
        "token_ids": rng.randint(0, V, tokens).astype(np.int32),
        "table": table.astype(np.int32),
        "norm.weight": normal(rng, M),
        "norm.bias": normal(rng, M),
    } | mlp_weights(rng, "experts", M, F, E, bias=True)
    if case == "foreign":
        layer["table"][::3] = foreign(E, len(table[::3]))
        layer["token_ids"][::4] = foreign(V, len(layer["token_ids"][::4]))
    return layer, forward(layer)


def cases():
    for case, tokens in {"plain": 27, "empty": 18, "foreign": 30, "t0": 0}.items():
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
