"""PanGu-Sigma, random routed experts: a table decides, there is no gate.

The domain of a token gives a run of experts, its token id one expert of the run:
  e[t] = domain.first_expert[domain_ids[t]] + router.table[input_ids[t]]
The table is random but fixed, another one in each layer. The weight is 1, nothing is dropped.
  y[t] = f_e(x[t])                      f(x) = down gelu_tanh(up x + up_bias) + down_bias

Inputs:  hidden_states [T,9], input_ids [T] i32, domain_ids [T] i32, router.table [17] i32,
         domain.first_expert [2] i32, experts.up.weight [6,10,9], experts.up.bias [6,10],
         experts.down.weight [6,9,10], experts.down.bias [6,9]
Results: hidden_states [T,9], topk_ids [T,1] i32
The two domains have three experts each.
"""

import numpy as np
from common import combine, gelu_tanh, mlp_of, normal, search
from draws import mlp_weights

NAME = "pangu-sigma"
E, M, F, VOCABULARY, DOMAINS = 6, 9, 10, 17, 2


def layer(i):
    x = i["hidden_states"]
    ids = i["domain.first_expert"][i["domain_ids"]] + i["router.table"][i["input_ids"]]
    ids = ids[:, None].astype(np.int32)
    return {"hidden_states": combine(x, ids, np.ones(ids.shape), mlp_of(i, "experts", gelu_tanh)),
            "topk_ids": ids}


def build(rng, case, tokens):
    domains = 1 if case == "domain" else DOMAINS
    i = {"hidden_states": normal(rng, tokens, M),
         "input_ids": rng.randint(0, VOCABULARY, tokens).astype(np.int32),
         "domain_ids": rng.randint(0, domains, tokens).astype(np.int32),
         "router.table": rng.randint(0, E // DOMAINS, VOCABULARY).astype(np.int32),
         "domain.first_expert": np.array([0, E // DOMAINS], dtype=np.int32),
         **mlp_weights(rng, "experts", M, F, E, bias=True)}
    return i, layer(i)


def cases():
    for case, tokens in (("plain", 25), ("domain", 11), ("t0", 0), ("t1", 1)):
        yield search(NAME, case, lambda rng: build(rng, case, tokens))
